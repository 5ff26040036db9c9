// The fabric of npm start, for `npm run bench -- fabric`: by this package, by one command per step with a login of its own each, as
// @pulumi/command has it (its plugin can't be had everywhere), or by resources that do nothing.
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { type HostConnection, InterVlanRouter, MacvlanNetwork, VlanSubinterface } from "pulumi-macvlan";
import type { Client } from "ssh2";

const { FABRIC_HOSTS = "", FABRIC_KIND = "ours" } = process.env;
const lab = JSON.parse(readFileSync(FABRIC_HOSTS, "utf8")) as Record<"host1" | "host2" | "host3", HostConnection>;
const VLANS = [
  { vlanId: 100, network: "mac10", net: "172.16.10", ranges: ["64/26", "128/26"] },
  { vlanId: 200, network: "mac20", net: "172.16.20", ranges: ["64/26", "128/26"] },
];

function ours(): void {
  for (const [index, name] of (["host1", "host2"] as const).entries()) {
    for (const { vlanId, network, net, ranges } of VLANS) {
      const vlan = new VlanSubinterface(`${name}-${vlanId}`, { host: lab[name], parent: "enp0s8", vlanId });
      const subnets = [{ subnet: `${net}.0/24`, gateway: `${net}.1`, ipRange: `${net}.${ranges[index]}` }];
      new MacvlanNetwork(`${name}-${network}`, { host: lab[name], parent: vlan.name, name: network, subnets });
    }
  }
  const interfaces = VLANS.map(({ vlanId, net }) => {
    const vlan = new VlanSubinterface(`router-${vlanId}`, { host: lab.host3, parent: "enp0s8", vlanId });
    return { interface: vlan.name, addresses: [`${net}.1/24`] };
  });
  new InterVlanRouter("router", { host: lab.host3, interfaces, nat: [{ outInterface: "enp0s9" }] });
}

interface Step {
  connection: HostConnection;
  command: string;
}

class Nothing extends pulumi.dynamic.Resource {
  constructor(name: string, step: Step, options?: pulumi.CustomResourceOptions) {
    super({ create: async (outs: unknown) => ({ id: name, outs }) }, name, { ...step }, options);
  }
}

class Command extends pulumi.dynamic.Resource {
  constructor(name: string, step: Step, options?: pulumi.CustomResourceOptions) {
    const create = async ({ connection, command }: Step) => {
      const { Client: Ssh } = require("ssh2") as { Client: new () => Client };
      const { readFileSync: read } = require("node:fs") as typeof import("node:fs");
      const { address, port, user, privateKeyPath } = connection as unknown as Record<string, string>;
      await new Promise<void>((resolve, reject) => {
        const client = new Ssh();
        client.on("error", reject);
        client.on("ready", () =>
          client.exec(command, (error, channel) => {
            if (error) return reject(error);
            channel.resume();
            channel.stderr.resume();
            channel.on("close", (code: number) => {
              client.end();
              if (code === 0) resolve();
              else reject(new Error(`${command}: ${code}`));
            });
            return undefined;
          }),
        );
        client.connect({
          host: address ?? "",
          port: Number(port),
          username: user ?? "root",
          privateKey: read(privateKeyPath ?? ""),
        });
      });
      return { id: name, outs: { connection, command } };
    };
    super({ create }, name, { ...step }, options);
  }
}

/** One after the other where one needs the one before. */
function chain(Kind: typeof Nothing | typeof Command, name: string, connection: HostConnection, commands: string[]) {
  let before: pulumi.Resource[] = [];
  for (const [index, command] of commands.entries()) {
    before = [new Kind(`${name}-${index}`, { connection, command }, { dependsOn: before })];
  }
  return before;
}

function steps(Kind: typeof Nothing | typeof Command): void {
  const vlan = (vlanId: number) => [
    `ip link add link enp0s8 name enp0s8.${vlanId} type vlan id ${vlanId}`,
    `ip link set enp0s8.${vlanId} up`,
  ];
  for (const [index, name] of (["host1", "host2"] as const).entries()) {
    for (const { vlanId, network, net, ranges } of VLANS) {
      chain(Kind, `${name}-${vlanId}`, lab[name], [
        ...vlan(vlanId),
        `docker network create -d macvlan -o parent=enp0s8.${vlanId} --subnet ${net}.0/24 --gateway ${net}.1 --ip-range ${net}.${ranges[index]} ${network}`,
      ]);
    }
  }
  const legs = VLANS.flatMap(({ vlanId, net }) =>
    chain(Kind, `router-${vlanId}`, lab.host3, [...vlan(vlanId), `ip addr add ${net}.1/24 dev enp0s8.${vlanId}`]),
  );
  const route = [
    "sysctl -w net.ipv4.ip_forward=1",
    "iptables -I DOCKER-USER -i enp0s8.100 -j ACCEPT",
    "iptables -I DOCKER-USER -i enp0s8.200 -j ACCEPT",
    "iptables -I DOCKER-USER -m state --state ESTABLISHED,RELATED -j ACCEPT",
    "iptables -t nat -A POSTROUTING -s 172.16.0.0/16 -o enp0s9 -j MASQUERADE",
  ];
  let before = legs;
  for (const [index, command] of route.entries()) {
    before = [new Kind(`route-${index}`, { connection: lab.host3, command }, { dependsOn: before })];
  }
}

if (FABRIC_KIND === "ours") ours();
else steps(FABRIC_KIND === "commands" ? Command : Nothing);
