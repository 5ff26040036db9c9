import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readScript, textOf } from "../../../../provider/host/scripts";

const SCRIPT = textOf(readScript("macvlan-network", ["docker", "standin"]));
const MAC = "02:42:ac:10:0a:14";

const FUNCTIONS = [
  ...["number", "groups", "covers", "split", "by_user", "fits", "refuse_misfits", "connection_of"],
  ...["look_at_footing", "stand_in_for"],
];

/** Some of its functions, in a shell of their own; the network's subnets are the new ones. */
function inShell(code: string, ...words: string[]): string {
  const functions = FUNCTIONS.map((name) => {
    const [found] = new RegExp(`^${name}\\(\\) \\{(.*\\}$|[\\s\\S]*?^\\}$)`, "m").exec(SCRIPT) ?? [];
    assert.ok(found, name);
    return found;
  });
  const folder = mkdtempSync(join(tmpdir(), "pulumi-macvlan-unit-"));
  try {
    writeFileSync(join(folder, "kept"), "c1 172.16.99.8\n");
    const before = `nl='\n'\nIFS=" \t$nl"\nset -uf\nname=mac1 list= undoing=false\nkept_addresses() { printf %s ${folder}/kept; }\nsubnets="172.16.10.0/23\nfd00:10::/64\n"
      barred="172.16.10.1\n"\nfail() { printf '%s ' "$@"; exit 3; }`;
    const { stdout, stderr } = spawnSync("sh", ["-c", [before, ...functions, code].join("\n"), "sh", ...words], {
      encoding: "utf8",
    });
    assert.equal(stderr, "");
    return stdout.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("macvlan-network", () => {
  const request = (line: string) => {
    const [method, path, ...body] = inShell('connection_of "$1"\nprintf %s "$list"', line).split(" ");
    assert.deepEqual([method, path], ["POST", "/networks/mac1/connect"]);
    return JSON.parse(body.join(" ")) as unknown;
  };

  it("puts a container back with address, MAC, aliases, driver options and the gateway priority that it had", () =>
    assert.deepEqual(
      request(`c1|/web|12|${MAC}|172.16.10.20|172.16.10.20|fd00:10::2||-5|"Aliases":["a b"],"DriverOpts":{"x":"y"}`),
      {
        Container: "c1",
        EndpointConfig: {
          Aliases: ["a b"],
          DriverOpts: { x: "y" },
          MacAddress: MAC,
          GwPriority: -5,
          IPAMConfig: { IPv4Address: "172.16.10.20", IPv6Address: "fd00:10::2" },
        },
      },
    ));

  for (const [what, priority] of Object.entries({ "Docker knows none": "", "nobody chose one": "0" })) {
    it(`says nothing of a priority where ${what}`, () =>
      assert.deepEqual(request(`c1|/web|0||172.16.10.20||invalid IP||${priority}|"Aliases":null,"DriverOpts":null`), {
        Container: "c1",
        EndpointConfig: {
          Aliases: null,
          DriverOpts: null,
          MacAddress: "",
          IPAMConfig: { IPv4Address: "172.16.10.20" },
        },
      }));
  }

  it("lets Docker choose again what no longer fits", () =>
    assert.deepEqual(request(`c1|/web|0|${MAC}|172.16.10.1||fd00:11::2|||"Aliases":null,"DriverOpts":null`), {
      Container: "c1",
      EndpointConfig: { Aliases: null, DriverOpts: null, MacAddress: MAC, IPAMConfig: {} },
    }));

  it("refuses what would take from a container the address that its user chose, and no other", () => {
    const lines = [
      `c1|/kept|0|||172.16.99.8||||"Aliases":null`,
      `c2|/web|0|||172.16.99.9||||"Aliases":null`,
      `c3|/six|0|||||fd00:11::9||"Aliases":null`,
      `c4|/fine|0|||172.16.11.9||fd00:10::9||"Aliases":null`,
    ];
    assert.equal(
      inShell('containers="$1$nl"\nrefuse_misfits', lines.join("\n")),
      "misfits six (fd00:11::9), web (172.16.99.9)",
    );
  });

  /** What is typed for a container that leaves a network of which Docker says this. */
  const standIn = (said: string, ...container: string[]) =>
    inShell(
      `exec 3>&1
       ask() { printf %s '${said}'; }
       has_own_network() { [ "$1" != 0 ]; }
       ip() { printf 'ip %s\n' "$*" >&3; }
       in_container() { printf 'in %s: %s\n%s' "$1" "$6" "$7" >&3; }
       STAND_IN= stand_in=pmv-1 LAST=32000
       look_at_footing
       stand_in_for "$@"`,
      ...container,
    )
      .split("\n")
      .filter(Boolean);
  const MADE = [`ip link add link eth0.10 name pmv-1 netns 12 address ${MAC} type macvlan mode vepa`, "in 12: pmv-1"];
  const SUBNETS = "172.16.10.0/24=172.16.10.1 fd00:10::/64=fd00:10::1/64";
  /** As look_at_footing asks: driver, mode, ipvlan's flag, parent, whether it is internal. */
  const SAID = `macvlan vepa bridge eth0.10 false ${SUBNETS}`;

  it("is stood in for with the container's own MAC address, addresses and ways out", () =>
    assert.deepEqual(standIn(SAID, "12", MAC, "172.16.10.20", "fd00:10::2"), [
      ...MADE,
      "addr add 172.16.10.20/24 dev pmv-1",
      "addr add fd00:10::2/64 dev pmv-1 nodad",
      "link set dev pmv-1 up",
      "route add default via 172.16.10.1 dev pmv-1 metric 32000",
      "route add default via fd00:10::1 dev pmv-1 metric 32000",
    ]));

  it("is stood in for without a way out of an internal network", () =>
    assert.deepEqual(standIn(SAID.replace("false", "true"), "12", MAC, "172.16.10.20"), [
      ...MADE,
      "addr add 172.16.10.20/24 dev pmv-1",
      "link set dev pmv-1 up",
    ]));

  for (const [said, made] of [
    ["macvlan - bridge", `address ${MAC} type macvlan mode bridge`],
    // All ipvlans of a parent have its MAC address.
    ["ipvlan - bridge", "type ipvlan mode l2"],
    ["ipvlan l2 bridge", "type ipvlan mode l2"],
  ])
    it(`is stood in for by one of its kind: ${said}`, () =>
      assert.deepEqual(standIn(`${said} eth0.10 false 172.16.10.0/24=`, "12", MAC, "172.16.10.20"), [
        `ip link add link eth0.10 name pmv-1 netns 12 ${made}`,
        "in 12: pmv-1",
        "addr add 172.16.10.20/24 dev pmv-1",
        "link set dev pmv-1 up",
      ]));

  for (const [what, said, process, mac] of [
    ["an ipvlan that is routed", "ipvlan l3 bridge eth0.10 false 172.16.10.0/24=", "12", ""],
    ["an ipvlan apart from the others", "ipvlan - private eth0.10 false 172.16.10.0/24=", "12", ""],
    ["one whose parent is its alone", "macvlan passthru bridge eth0.10 false 172.16.10.0/24=", "12", MAC],
    ["a container that is stopped", SAID, "0", MAC],
    ["a container without a MAC address", SAID, "12", ""],
    ["a network that is gone", "", "12", MAC],
  ] as const) {
    it(`has nobody stand in for ${what}`, () => assert.deepEqual(standIn(said, process, mac, "172.16.10.20"), []));
  }
});
