import assert from "node:assert/strict";
import type { Script } from "../../../../provider/host/scripts";
import { toJunit } from "../../../../provider/kinds/reachability/junit";
import type { ReachabilityInputs } from "../../../../provider/kinds/reachability/kind";
import { type ProbeResult, sendProbes, unexpected } from "../../../../provider/kinds/reachability/probes";
import { handlers } from "../../../../provider/pulumi/dynamic/handlers";
import { UNKNOWN } from "../../../../provider/vocabulary/values";

type Props = Record<string, unknown>;
const hosts = { host1: { address: "192.0.2.1" }, host2: { address: "192.0.2.2" } };
const from = { host: "host1", network: "mac10" };
const to = { host: "host2", network: "mac10" };
const check = async (probe: Props, more: Props = {}) =>
  handlers.check("Reachability", {}, { hosts, probes: [{ from, to, expect: "reachable", ...probe }], ...more });

/** A host that is made of canned answers; what it was asked is kept. */
function fake(answers: (host: string, task: string, data: string[]) => string) {
  const asked: string[] = [];
  return {
    asked,
    runner: {
      async run({ address }: { address: string }, _credentials: object, _script: Script, input: string) {
        const data = input
          .split("\n")
          .map((line) => line.replaceAll(/\\0(\d{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))));
        const task = data[1] ?? "";
        asked.push(`${address} ${task}`);
        return { code: 0, stdout: `${answers(address, task, data)}\n@end\n`, stderr: "" };
      },
      change: () => Promise.reject(new Error("it changes nothing")),
    },
  };
}

describe("reachability", () => {
  it("completes probes: a protocol from the port, and a name of what it does", async () => {
    const { inputs, failures } = await check({ port: "443" });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs["probes"], [
      {
        name: "host1/mac10 to host2/mac10 (tcp 443)",
        from,
        to,
        protocol: "tcp",
        port: 443,
        ipVersion: 4,
        expect: "reachable",
      },
    ]);
    assert.equal(inputs["image"], "busybox");
    const plain = (await check({ to: "192.0.2.9", size: 1500, ipVersion: 6 })).inputs["probes"] as Props[];
    assert.equal(plain[0]?.["name"], "host1/mac10 to 192.0.2.9 (1500 bytes, IPv6)");
  });

  const refused: [what: string, probe: Props, reason: RegExp][] = [
    [
      "a host that is none",
      { from: { host: "host3" } },
      /probes\[0\] from\.host "host3" is none of hosts: host1, host2/,
    ],
    ["a network of nobody", { to: { network: "mac10" } }, /to\.host is missing/],
    ["a network and a container", { from: { ...from, container: "d1" } }, /from has both network and container/],
    ["no beginning", { from: { address: "192.0.2.1" } }, /from\.host is missing/],
    ["a host without an address", { to: { host: "host2" } }, /to\.address is missing/],
    ["tcp without a port", { protocol: "tcp" }, /port is missing/],
    ["icmp with a port", { protocol: "icmp", port: 1 }, /port is for tcp/],
    ["tcp with a size", { port: 1, size: 100 }, /size is for icmp/],
    ["udp without a port", { protocol: "udp" }, /port is missing: udp goes to a port/],
    [
      "udp to somebody's service",
      { to: "192.0.2.9", protocol: "udp", port: 53 },
      /to\.network is missing: udp goes to/,
    ],
    ["a port that is none", { port: 70000 }, /probes\[0\]\.port "70000" is not a port/],
    ["an expectation that is none", { expect: "maybe" }, /probes\[0\]\.expect must be "reachable" or "unreachable"/],
    ["an image with an option", {}, /^Reachability: image must be an image's name/],
  ];
  for (const [what, probe, reason] of refused) {
    it(`refuses ${what}`, async () => {
      const { failures } = await check(probe, what.startsWith("an image") ? { image: "--privileged" } : {});
      assert.ok(failures.length > 0, "it was taken");
      assert.match(failures[0]?.reason ?? "", reason);
    });
  }

  it("is sent again for a changed probe or trigger, not for a credential", async () => {
    const { inputs } = await check({}, { triggers: ["a"] });
    const changes = async (change: Props) =>
      (await handlers.diff("Reachability", inputs, { ...inputs, ...change })).changes;
    assert.equal(await changes({ credentials: { host1: { password: "x" } } }), false);
    assert.equal(await changes({ triggers: ["b"] }), true);
    assert.equal(await changes({ triggers: UNKNOWN }), true);
    assert.equal(await changes({ probes: [] }), true);
  });

  const inputs = async () => (await check({ port: 80 })).inputs as unknown as ReachabilityInputs;

  it("starts a container at either end, sends, and removes both", async () => {
    const { runner, asked } = fake((host, task, data) => {
      if (task === "start") {
        const id = host.endsWith(".1") ? 0 : 1;
        assert.ok(data.includes(`${id} network mac10 - ${id === 0 ? "-" : "tcp/80"}`), data.join("|"));
        return `@ends\nend ${id} 172.16.10.${id} `;
      }
      assert.ok(task !== "probe" || data.includes("0 network:0 tcp 172.16.10.1 80 - reachable"), data.join("|"));
      return task === "probe" ? "@probes\nprobe 0 reachable answered " : "";
    });
    assert.deepEqual(await sendProbes(runner, await inputs(), {}), [
      {
        name: "host1/mac10 to host2/mac10 (tcp 80)",
        address: "172.16.10.1",
        expect: "reachable",
        found: "reachable",
        detail: "answered",
      },
    ]);
    assert.deepEqual(asked.sort(), [
      "192.0.2.1 probe",
      "192.0.2.1 start",
      "192.0.2.1 stop",
      "192.0.2.2 start",
      "192.0.2.2 stop",
    ]);
  });

  it("goes from a network to itself on one host between two containers", async () => {
    const { runner } = fake((_host, task, data) => {
      if (task === "start") {
        assert.deepEqual(
          data.filter((line) => line.includes("network")),
          ["0 network mac10 - -", "1 network mac10 - -"],
        );
        return "@ends\nend 0 172.16.10.8\nend 1 172.16.10.9";
      }
      assert.ok(task !== "probe" || data.includes("0 network:0 icmp 172.16.10.9 - - reachable"), data.join("|"));
      return task === "probe" ? "@probes\nprobe 0 reachable ttl=64 " : "";
    });
    const { inputs: same } = await check({ to: { host: "host1", network: "mac10" } });
    const [result] = await sendProbes(runner, same as unknown as ReachabilityInputs, {});
    assert.equal(result?.name, "host1/mac10 to host1/mac10");
  });

  it("removes containers also where one could not be started, and says which", async () => {
    const { runner, asked } = fake((host, task) =>
      task !== "start"
        ? ""
        : host.endsWith(".1")
          ? "@ends\nend 0 172.16.10.9"
          : "@ends\nfailed 1 no such network: mac10",
    );
    await assert.rejects(
      sendProbes(runner, await inputs(), {}),
      /cannot start a container for probes on network "mac10" of host2: no such network: mac10/,
    );
    assert.deepEqual(asked.filter((entry) => entry.endsWith("stop")).sort(), ["192.0.2.1 stop", "192.0.2.2 stop"]);
  });

  const results: ProbeResult[] = [
    { name: "a to b", address: "10.0.0.1", expect: "reachable", found: "reachable", detail: "ttl=64" },
    {
      name: "a to <c>",
      address: "10.0.0.2",
      expect: "reachable",
      found: "unreachable",
      detail: "",
      path: "10.0.0.2 via 10.0.0.254 dev eth0; by 10.0.0.254; ends after 10.0.0.254",
    },
  ];

  it("names each probe that is not as expected, with its path and where it ends", () => {
    assert.equal(unexpected(results.slice(0, 1)), undefined);
    assert.equal(
      unexpected(results)?.message,
      `1 of 2 probes are not as expected:
  a to <c>: wanted reachable, but 10.0.0.2 is unreachable (10.0.0.2 via 10.0.0.254 dev eth0; by 10.0.0.254; ends after 10.0.0.254)`,
    );
  });

  it("is told to CI systems as JUnit", async () => {
    const xml = await toJunit(results);
    assert.match(xml, /<testsuite name="pulumi-macvlan Reachability" tests="2" failures="1"/);
    assert.match(
      xml,
      /<testcase classname="reachable" name="a to &lt;c>"[\s\S]*<failure message="wanted reachable: 10\.0\.0\.2 is unreachable/,
    );
  });
});
