// What a preview tells besides fields, as the CLI shows it.
import assert from "node:assert/strict";
import { lab } from "./hooks";
import { on } from "./hosts";
import { Project } from "./pulumi";

const PROGRAM = `import { MacvlanNetwork } from "pulumi-macvlan";

new MacvlanNetwork("mac10", {
  host: JSON.parse(process.env["LAB_HOST"] ?? ""),
  name: "mac10",
  parent: process.env["LAB_PARENT"] ?? "",
  subnets: [{ subnet: "172.16.10.0/24" }],
  labels: { note: process.env["LAB_NOTE"] ?? "" },
});
`;

describe("a preview", function () {
  this.timeout(120_000);
  const stack = new Project("preview", PROGRAM);
  const preview = async (change: Record<string, string>): Promise<string> => {
    const { env } = stack;
    const kept = { ...env };
    try {
      Object.assign(env, change);
      return await stack.good("preview");
    } finally {
      Object.assign(env, kept);
    }
  };

  before(async () => {
    Object.assign(stack.env, {
      LAB_HOST: JSON.stringify(lab.connection("host1")),
      LAB_PARENT: "enp0s8",
      LAB_NOTE: "1",
    });
    await stack.init();
    await stack.good("up", "--yes", "--skip-preview");
    await on("host1", "docker run -d --name c1 --network mac10 busybox sleep 100000");
    await stack.good("refresh", "--yes", "--skip-preview");
  });
  after(async () => {
    await on("host1", "docker rm -f c1");
    await stack.good("destroy", "--yes", "--skip-preview");
    stack.end();
  });

  it("names the containers that a change takes off their network", async () =>
    assert.match(
      await preview({ LAB_NOTE: "2" }),
      /Docker network "mac10" on host1 is made anew: c1 \(as last read\) will be off it until they are put back/,
    ));

  it("names those that are in the way of another network", async () =>
    assert.match(
      await preview({ LAB_PARENT: "enp0s3" }),
      /"mac10" on host1 can be replaced only once no container is on it: c1 \(as last read\) must be removed or disconnected first/,
    ));

  it("names none where nothing is changed", async () => assert.doesNotMatch(await preview({}), /c1/));
});
