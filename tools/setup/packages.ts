// The Debian packages that set-up, lab and tests run on: what isn't named here isn't called (programs.ts).
import { PACKAGES as OF_THE_LAB, type Packages } from "pulumi-macvlan-lab";

export const PACKAGES: Packages = {
  ...OF_THE_LAB,
  python3: ["python3"],
};

/** Of the tests alone. */
export const PACKAGES_OF_TESTS: Packages = {
  ...PACKAGES,
  // The Chromium that npm brings is linked with them.
  libexpat1: ["/usr/lib/x86_64-linux-gnu/libexpat.so.1"],
  libnss3: ["/usr/lib/x86_64-linux-gnu/libnss3.so"],
  // Of python3-pip-whl, which it brings along.
  "python3-venv": ["/usr/share/python-wheels"],
};
