// Many at one host: two stacks at the same time, fifty resources, and an sshd that takes two logins at a time.
import assert from "node:assert/strict";
import { join } from "node:path";
import { execa } from "execa";
import { lab } from "./hooks";
import { assertSame, on, reloadSshd, snapshot } from "./hosts";

const EACH = 25;

describe("two stacks with 50 links on one host, with MaxStartups 2", function () {
  this.timeout(300_000);

  /** A process of its own, with connections of its own, as a stack's provider is. */
  const stack = (name: string, first: number, what: "create" | "delete", count = EACH) =>
    execa(
      process.execPath,
      [join(__dirname, "crowd.js"), name, String(first), String(count), what, lab.inventoryFile],
      {
        stdin: "ignore",
        all: true,
        reject: false,
      },
    );
  const both = async (what: "create" | "delete") => {
    for (const { exitCode, all } of await Promise.all([stack("one", 0, what), stack("two", EACH, what)])) {
      assert.equal(exitCode, 0, all);
    }
  };
  const limit = (value: string) =>
    reloadSshd(
      "host1",
      `sed -i '/^MaxStartups/d' /etc/ssh/sshd_config; echo 'MaxStartups ${value}' >>/etc/ssh/sshd_config`,
    );

  after(() => limit("10:30:100"));

  it("loses nothing, and takes nothing away from each other", async () => {
    await limit("2");
    const before = await snapshot("host1");
    await both("create");
    const marks = (await on("host1", "cat /sys/class/net/crowd*/ifalias | sort")).split("\n");
    assert.equal(marks.length, 2 * EACH);
    assert.equal(new Set(marks).size, 2 * EACH);
    assert.equal(marks.filter((mark) => mark.startsWith("pulumi-macvlan tests/one/")).length, EACH);
    await both("delete");
    assertSame(await snapshot("host1"), before);
  });

  it("releases a host's lock when its holder is killed", async () => {
    await on(
      "host1",
      "setsid sh -c 'exec 9>/run/pulumi-macvlan/lock; flock 9; echo $$ >/run/holder; exec sleep 1000' >/dev/null 2>&1 </dev/null & sleep 0.5",
    );
    const waiting = stack("one", 0, "create", 1);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.equal(await on("host1", "ls -d /sys/class/net/crowd* 2>/dev/null | wc -l"), "0", "it waits for the lock");
    await on("host1", "kill -9 $(cat /run/holder); rm /run/holder");
    assert.equal((await waiting).exitCode, 0);
    assert.equal((await stack("one", 0, "delete", 1)).exitCode, 0);
  });
});
