// The Debian packages that set-up, lab and tests run on: what isn't named here isn't called (programs.ts).
import { PACKAGES as OF_THE_LAB, type Packages } from "pulumi-macvlan-lab";

export const PACKAGES: Packages = {
  ...OF_THE_LAB,
  // The tests' Chromium, which npm brings, is linked with it.
  libnss3: ["/usr/lib/x86_64-linux-gnu/libnss3.so"],
  python3: ["python3"],
  // Of python3-pip-whl, which it brings along.
  "python3-venv": ["/usr/share/python-wheels"],
};
