// The same networks with containers of @pulumi/docker on them, and a step of the user's own by @pulumi/command.
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { inventory, MacvlanNetwork, VlanSubinterface } from "pulumi-macvlan";

const { host1 } = inventory("host1");
const { connection: host, parent } = host1;
const { address: hostAddress, user = "root", port = 22 } = host;

// A step of your own, before ours: a trunk that is down is nobody's parent.
const trunkUp = new command.remote.Command("trunk-up", {
  connection: { host: hostAddress, user, port },
  create: `ip link set ${parent} up`,
});

const vlan100 = new VlanSubinterface("host1-vlan100", { host, parent, vlanId: 100 }, { dependsOn: trunkUp });

const mac10 = new MacvlanNetwork("host1-mac10", {
  host,
  parent: vlan100.name,
  name: "mac10",
  subnets: [{ subnet: "172.16.10.0/24", gateway: "172.16.10.1", ipRange: "172.16.10.64/26" }],
});

// @pulumi/docker reaches the same host in its own way: over ssh, with the keys of the machine that runs Pulumi.
const engine = new docker.Provider("host1", { host: pulumi.interpolate`ssh://${user}@${hostAddress}:${port}` });

const web = new docker.Container(
  "web",
  {
    image: "nginx:1.27",
    // By its id: a network that was made anew is another one to Docker, and the container follows.
    networksAdvanced: [{ name: mac10.networkId, ipv4Address: "172.16.10.10" }],
  },
  { provider: engine },
);

export const address = web.networkDatas.apply((networks) => networks?.[0]?.ipAddress);
