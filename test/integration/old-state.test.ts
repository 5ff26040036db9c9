// A stack whose state was written when a provider was an object of functions, one of each resource: it goes on as if nothing had happened.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOSTS } from "pulumi-macvlan-lab";
import { assertSame, snapshot } from "./hosts";
import { Project, ROOT } from "./pulumi";

const PROGRAM = `import * as pulumi from "@pulumi/pulumi";
import { AddressPlan, HostInterface, InterVlanRouter, inventory, MacvlanLink, MacvlanNetwork, Reachability, VlanSubinterface } from "pulumi-macvlan";

const { host1, host3 } = inventory("host1", "host3");
const host = host1.connection;
const note = new pulumi.Config().require("note");
const plan = new AddressPlan("plan", { subnets: ["172.16.10.0/24"], hosts: ["host1"], shims: true });
const planned = plan.plan.apply((subnets) => subnets["172.16.10.0/24"]!);
const trunk = new HostInterface("trunk", { host, subnet: "10.77.0.0/24" });
const vlan = new VlanSubinterface("vlan", { host, parent: host1.parent, vlanId: 100, promiscuous: note === "2" });
const network = new MacvlanNetwork("network", {
  host,
  parent: vlan.name,
  name: "mac10",
  subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1", ipRange: planned.apply(({ hosts }) => hosts["host1"]!.range) }],
  labels: { note },
});
const link = new MacvlanLink("link", {
  host,
  parent: vlan.name,
  name: "shim10",
  addresses: [planned.apply(({ hosts }) => \`\${hosts["host1"]!.shim}/32\`)],
  routes: [{ to: planned.apply(({ hosts }) => hosts["host1"]!.range) }],
  promiscuous: note === "2",
});
const uplink = new VlanSubinterface("uplink", { host: host3.connection, parent: host3.parent, vlanId: 100 });
const router = new InterVlanRouter("router", {
  host: host3.connection,
  interfaces: [{ interface: uplink.name, addresses: ["172.16.10.1/24"] }],
  policy: { default: note === "2" ? "drop" : "accept" },
});
new Reachability("proof", {
  hosts: { host1: host },
  triggers: [network.networkId, link.macAddress, router.ruleset],
  probes: [{ from: { host: "host1", network: "mac10" }, to: "172.16.10.1", expect: "reachable" }],
});
export const name = trunk.name;
`;

const TYPES = [
  "AddressPlan",
  "HostInterface",
  "InterVlanRouter",
  "MacvlanLink",
  "MacvlanNetwork",
  "Reachability",
  "VlanSubinterface",
];

/** As Pulumi's serialiser wrote it; in all of them only the name of the type differs. */
const text = readFileSync(join(ROOT, "test", "unit", "captured", "provider-of-functions.js.txt"), "utf8");

interface Exported {
  deployment: { resources: { type: string; inputs?: Record<string, unknown>; outputs?: Record<string, unknown> }[] };
}

describe("yesterday's state", function () {
  this.timeout(240_000);
  const stack = new Project("oldstate", PROGRAM);
  const before_: Record<string, string> = {};

  /** Puts the provider texts of then in the place of today's. */
  async function makeOld(): Promise<void> {
    const exported = JSON.parse(await stack.good("stack", "export")) as Exported;
    const seen = new Set<string>();
    for (const { type, inputs = {}, outputs = {} } of exported.deployment.resources) {
      const name = /^pulumi-nodejs:dynamic\/macvlan:(\w+)$/.exec(type)?.[1];
      if (name === undefined) continue;
      seen.add(name);
      for (const props of [inputs, outputs]) {
        assert.match(String(props["__provider"]), /pulumi-macvlan\/handlers/);
        props["__provider"] = text.replaceAll("VlanSubinterface", name);
      }
    }
    assert.deepEqual([...seen].sort(), TYPES);
    const file = join(stack.folder, "old.json");
    writeFileSync(file, JSON.stringify(exported));
    await stack.good("stack", "import", "--file", file);
  }

  before(async () => {
    for (const { name } of HOSTS) before_[name] = await snapshot(name);
    await stack.init();
    await stack.good("config", "set", "note", "1");
    await stack.good("up", "--yes", "--skip-preview");
    await makeOld();
  });
  after(() => stack.end());

  it("is read, and shows no change", async () => {
    await stack.good("preview", "--expect-no-changes");
    await stack.good("refresh", "--yes", "--skip-preview");
    await stack.good("preview", "--expect-no-changes");
  });

  it("is updated in place", async () => {
    await stack.good("config", "set", "note", "2");
    const said = await stack.good("up", "--yes", "--skip-preview");
    assert.match(said, /~ 5 updated/);
    assert.doesNotMatch(said, /replaced|created|deleted/);
  });

  it("is deleted without a trace", async () => {
    await makeOld();
    await stack.good("destroy", "--yes", "--skip-preview");
    for (const { name } of HOSTS) assertSame(await snapshot(name), before_[name] ?? "");
  });
});
