// Docker takes a name that it does not know for the start of an id: nothing of ours is mistaken for what only begins like it.
import assert from "node:assert/strict";
import { HOSTS } from "pulumi-macvlan-lab";
import { runner } from "../../provider/host/ssh/connection";
import { checkReachability } from "../../provider/kinds/reachability/kind";
import { sendProbes } from "../../provider/kinds/reachability/probes";
import { removeContainers, startContainers } from "../../tools/proof";
import { lab } from "./hooks";
import { connection, driven, on, snapshot } from "./hosts";

describe("a name that another one's id begins with", function () {
  this.timeout(120_000);

  for (const { name: host } of HOSTS) {
    it(`is that of a network of its own on ${host}, until it goes`, async () => {
      const before = await snapshot(host);
      const other = await on(host, "docker network create --label pulumi-macvlan.mark=other other");
      try {
        const inputs = { parent: "enp0s8", name: other.slice(0, 4), subnets: [{ subnet: "172.16.10.0/24" }] };
        const network = driven("MacvlanNetwork", host, { ...inputs, adopt: true });
        await network.create();
        assert.notEqual(network.state["networkId"], other);
        await network.delete();
        // What has gone already is no other one, either.
        await network.delete();
        assert.equal(await on(host, "docker network inspect -f '{{.Id}}' other"), other);
      } finally {
        await on(host, "docker network rm other");
      }
      assert.equal(await snapshot(host), before);
    });

    it(`is no container to be asked on ${host}`, async () => {
      const other = await on(host, "docker run -d --name other busybox sleep 1000");
      try {
        const ask = async (container: string) => {
          const end = { host, container };
          const probe = { name: "asked", from: end, to: "127.0.0.1", expect: "reachable" };
          const { inputs, refusals } = checkReachability({ hosts: { [host]: connection(host) }, probes: [probe] });
          assert.deepEqual(refusals, []);
          return sendProbes(runner, inputs as never, {});
        };
        for (const said of ["other", other, other.slice(0, 12)])
          assert.equal((await ask(said))[0]?.found, "reachable", said);
        await assert.rejects(ask(other.slice(0, 4)), new RegExp(`No such container: ${other.slice(0, 4)}`));
      } finally {
        await on(host, "docker rm -f other");
      }
    });
  }

  it("is started as one of npm start's, and the other is left alone", async () => {
    const [{ name: host } = { name: "" }] = HOSTS;
    const other = await on(
      host,
      `docker network create -d macvlan -o parent=enp0s8 --subnet 172.16.10.0/24 mac10 >/dev/null
       docker run -d --name other --label pulumi-macvlan.proof=1 busybox sleep 1000`,
    );
    const name = other.slice(0, 2);
    const containers = [{ name, host, network: "mac10", address: "172.16.10.10" }];
    const running = () => on(host, "docker ps --no-trunc --format '{{.Names}} {{.ID}}' | sort");
    try {
      await startContainers(lab.hosts(), containers);
      assert.match(await running(), new RegExp(`^${name} [0-9a-f]+\\nother ${other}$`));
      await removeContainers(lab.hosts(), containers);
      assert.equal(await running(), `other ${other}`);
      await removeContainers(lab.hosts(), containers);
      assert.equal(await running(), `other ${other}`);
    } finally {
      await on(host, `docker rm -f other; docker network rm mac10`);
    }
  });
});
