// What a twin's stack begins with: no secret, and of what is on hosts nothing.
import assert from "node:assert/strict";
import {
  chosenAddresses,
  countOthers,
  type Deployment,
  inStateOnly,
  seenHosts,
  withoutSecrets,
} from "../../../provider/twin/state";
import { json } from "../../review/golden";

const sealed = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "CANARY" };

const state = (): Deployment => {
  const { version, deployment } = json("a-wider-subnet", "state.json") as Deployment;
  const resources = (deployment.resources ?? []).map((resource) => ({
    ...resource,
    inputs: { ...(resource.inputs as object), credentials: sealed, list: [sealed, { key: sealed, note: "open" }] },
  }));
  return { version, deployment: { ...deployment, secrets_providers: { state: { salt: "CANARY" } }, resources } };
};

const typesIn = ({ deployment }: Deployment) =>
  (deployment.resources ?? []).map(({ type }) => type.split(/[:/]/).at(-1));

describe("a twin's state", () => {
  it("has no secret, sealed or not, and not what opens it", () => {
    const found = withoutSecrets(state());
    assert.doesNotMatch(JSON.stringify(found), /CANARY|4dabf/);
    assert.match(JSON.stringify(found), /"note":"open"/);
    assert.deepEqual(typesIn(found), typesIn(state()));
  });

  it("begins with what no host knows, and what that hangs on", () => {
    const found = inStateOnly(state());
    assert.deepEqual(typesIn(found), ["Stack", "pulumi-nodejs", "VlanTopology", "AddressPlan"]);
    assert.doesNotMatch(JSON.stringify(found), /CANARY/);
    assert.match(JSON.stringify(found), /"range":"172.16.10.32\/27"/);
  });

  it("tells which addresses users chose, and what hosts are, where a topology has asked", () => {
    const { version, deployment } = state();
    const told = { users: { host1: { iot: ["bulb 172.16.10.33", "hub"] } }, seen: { router: { nics: ["eth0"] } } };
    const resources = (deployment.resources ?? []).map((resource) =>
      resource.type.endsWith(":Readiness")
        ? { ...resource, outputs: { ...(resource.outputs as object), ...told } }
        : resource,
    );
    const asked = { version, deployment: { ...deployment, resources } };
    assert.deepEqual([...chosenAddresses(asked)], ["host1 iot bulb 172.16.10.33"]);
    // The topology calls its router so; the host's label is its own.
    assert.deepEqual([...seenHosts(asked)], [["host3", { nics: ["eth0"] }]]);
  });

  it("counts resources of other packages, which a twin would make for real", () => {
    const { version, deployment } = state();
    const other = {
      urn: "urn:pulumi:prod::shop::docker:index/container:Container::web",
      type: "docker:index/container:Container",
      custom: true,
    };
    assert.equal(countOthers(state()), 0);
    assert.equal(
      countOthers({ version, deployment: { ...deployment, resources: [...(deployment.resources ?? []), other] } }),
      1,
    );
  });
});
