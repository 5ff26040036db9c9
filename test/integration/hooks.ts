// One lab for the whole run, of its own name, so that a lab somebody works in stays as it is.
import assert from "node:assert/strict";
import { closeConnections } from "../../provider/ssh/connection";
import { Lab } from "../lab/lab";
import { HOSTS } from "../lab/topology";

export const lab = new Lab("test");

/**
 * Secrets of the tests hold the word that this looks for: in the arguments of every process of every host, all the time,
 * and at the end in every file and log that we leave there.
 */
const SAMPLER = `[Service]
ExecStart=/usr/bin/perl -e 'while (1) { for my $$file (glob "/proc/[0-9]*/cmdline") { open(my $$in, "<", $$file) or next; my $$line = <$$in> // next; next unless $$line =~ /canary[-]of/; open(my $$out, ">>", "/var/lib/lab-canaries"); print $$out "$$line\\n" } open(my $$beat, ">", "/run/lab-sampled"); print $$beat time; close $$beat; select undef, undef, undef, 0.1 }'
[Install]
WantedBy=multi-user.target
`;

const startSampler = (host: string) =>
  lab.exec(host, "cat >/etc/systemd/system/lab-sampler.service; systemctl --quiet enable --now lab-sampler; sync", {
    input: SAMPLER,
  });

/** Hosts as they were made, but for the sampler. */
export async function resetLab(): Promise<void> {
  await lab.reset();
  await Promise.all(HOSTS.map(({ name }) => startSampler(name)));
}

async function noSecretFound(host: string): Promise<void> {
  const look = `n=0; until test -s /run/lab-sampled || [ $n = 50 ]; do sleep 0.2; n=$((n + 1)); done
    test -s /run/lab-sampled && systemctl is-active --quiet lab-sampler || echo "the sampler does not run"
    cat /var/lib/lab-canaries 2>/dev/null
    grep -rls 'canary[-]of' /run/pulumi-macvlan /var/lib/pulumi-macvlan /etc /tmp /root
    journalctl --no-pager | grep 'canary[-]of'; true`;
  assert.equal(String((await lab.exec(host, look)).stdout), "", `a secret shows on ${host}`);
}

/** Mocha's root hooks: a lab that can't be had fails the run. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(30 * 60_000);
    if ((await lab.up()) === "found") await resetLab();
    else await Promise.all(HOSTS.map(({ name }) => startSampler(name)));
  },
  async afterAll(this: Mocha.Context) {
    this.timeout(60_000);
    await closeConnections();
    await Promise.all(HOSTS.map(({ name }) => noSecretFound(name)));
    if (!process.env["KEEP_LAB"]) await lab.down();
  },
};

/** For suites that build on the lab test by test: one that fails in the middle must not spoil those after it. */
export function resetAfterFailure(): void {
  let failed = false;
  afterEach(function () {
    failed ||= this.currentTest?.state === "failed";
  });
  after(async function () {
    this.timeout(120_000);
    if (failed) await resetLab();
  });
}
