// One lab for each of mocha's workers, of its own name, so that a lab somebody works in stays as it is.
import assert from "node:assert/strict";
import { beat, HOSTS, testLab } from "pulumi-macvlan-lab";
import { closeConnections } from "../../provider/host/ssh/connection";

export const lab = testLab(process.env["MOCHA_WORKER_ID"]);

/**
 * Secrets of the tests hold the word that this looks for: in the arguments of every process of every host, all the time,
 * and at the end in every file and log that we leave there.
 */
const SAMPLER = `[Service]
ExecStart=/usr/bin/perl /var/lib/lab-sampler
[Install]
WantedBy=multi-user.target
`;

/**
 * Ten times a second those that came since, each for its first second, in which it may become another program; all of them, which costs a
 * host twenty times as much, only now and then. (The last word of /proc/loadavg is the newest process.)
 */
const SAMPLE = `my (%young, $last, $round);
sub all { open(my $in, "<", $_[0]) or return; local $/; return <$in> // ""; }
while (1) {
  my $newest = (split " ", all("/proc/loadavg"))[4];
  $young{$_} = 0 for ($last // $newest) + 1 .. $newest;
  my @pids = keys %young;
  if ($round++ % 20 == 0 || $newest < $last) {
    opendir(my $proc, "/proc"); @pids = grep { /^[0-9]/ } readdir $proc; closedir $proc;
    $young{$_} //= 0 for $newest < $last ? @pids : ();
    open(my $beat, ">", "/run/lab-sampled"); print $beat time; close $beat;
  }
  for my $pid (@pids) {
    my $words = all("/proc/$pid/cmdline");
    delete $young{$pid} if !defined $words || (exists $young{$pid} && ++$young{$pid} > 10);
    next unless ($words // "") =~ /canary[-]of/;
    open(my $out, ">>", "/var/lib/lab-canaries"); print $out "$words\\n";
  }
  $last = $newest;
  select undef, undef, undef, 0.1;
}
`;

const startSampler = (host: string) =>
  lab.exec(
    host,
    `cat >/etc/systemd/system/lab-sampler.service <<'UNIT'\n${SAMPLER}UNIT\ncat >/var/lib/lab-sampler; systemctl --quiet enable --now lab-sampler; sync`,
    { input: SAMPLE },
  );

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

let fresh = false;
let failed = false;
let endBeat = () => {};

/** Mocha's root hooks, around each file: a lab that can't be had fails the run. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(5 * 60_000);
    if (fresh) return;
    if ((await lab.up()) === "found") await resetLab();
    else await Promise.all(HOSTS.map(({ name }) => startSampler(name)));
    fresh = true;
  },
  // A file's tests are shown when all of them have ended: until then this tells what takes so long.
  beforeEach(this: Mocha.Context) {
    endBeat = beat(this.currentTest?.fullTitle() ?? "");
  },
  afterEach(this: Mocha.Context) {
    endBeat();
    failed ||= this.currentTest?.state === "failed";
  },
  async afterAll(this: Mocha.Context) {
    this.timeout(2 * 60_000);
    await closeConnections();
    if (failed) {
      // What is left of it must not spoil the tests of other files.
      fresh = false;
      failed = false;
    } else await Promise.all(HOSTS.map(({ name }) => noSecretFound(name)));
  },
};
