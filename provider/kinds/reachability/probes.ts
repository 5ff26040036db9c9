// Sends probes with real packets. Throwaway containers are made for it, and removed again whatever happens.

import { decodeSections, failureIn } from "../../formats/sections";
import { newNonce, type Runner } from "../../host/guard";
import { encodeData } from "../../host/quote";
import { readScript } from "../../host/scripts";
import { explainCommon } from "../../lifecycle/explain";
import type { CommonInputs } from "../../lifecycle/kind";
import { ConnectionError, HostError, messageOf } from "../../vocabulary/errors";
import type { Credentials, HostFields } from "../../vocabulary/host";
import type { Endpoint } from "./arguments";
import { type Expectation, type Probe, type ReachabilityInputs, show } from "./kind";

/** What came of a probe. */
export interface ProbeResult {
  /** The probe's. */
  name: string;
  /** The address that it went to. */
  address: string;
  /** What was expected. */
  expect: Expectation;
  /** What came of it. */
  found: Expectation;
  /** What the answer, or the lack of one, said of itself. */
  detail: string;
  /** Where it was not as expected: the route that it takes, and who answered on the way. */
  path?: string;
}

/** A container that takes part: made for it, or there. */
interface End {
  id: number;
  host: string;
  kind: "network" | "container";
  name: string;
  address?: string | undefined;
  /** Where it listens, as in `tcp/443`. */
  ports: Set<string>;
}

const keyOf = ({ host, network, container, address }: Endpoint): string =>
  [host, network ? `network ${network} ${address ?? ""}` : `container ${container}`].join(" ");

/** From a network to itself on one host: between two containers. */
const keyOfTarget = ({ from, to }: Probe): string =>
  to.network !== undefined && keyOf(to) === keyOf(from) ? `${keyOf(to)} again` : keyOf(to);

function endsOf(probes: readonly Probe[]): Map<string, End> {
  const ends = new Map<string, End>();
  for (const probe of probes) {
    const { from, to, protocol, port } = probe;
    for (const [key, end] of [
      [keyOf(from), from],
      [keyOfTarget(probe), to],
    ] as const) {
      const name = end.network ?? end.container;
      if (name === undefined || end.host === undefined) continue;
      const kind = end.network === undefined ? "container" : "network";
      const known = ends.get(key);
      const entry = known ?? {
        id: ends.size,
        host: end.host,
        kind,
        name,
        address: end.address,
        ports: new Set<string>(),
      };
      if (end === to && port !== undefined) entry.ports.add(`${protocol}/${port}`);
      ends.set(key, entry);
    }
  }
  return ends;
}

type Task = "start" | "probe" | "stop";

class Run {
  private readonly nonce = newNonce().slice(0, 12);
  private readonly ends: Map<string, End>;
  private readonly addresses = new Map<number, string[]>();

  constructor(
    private readonly runner: Runner,
    private readonly inputs: ReachabilityInputs,
    private readonly credentials: Record<string, Credentials>,
  ) {
    this.ends = endsOf(inputs.probes);
  }

  private get hosts(): string[] {
    return [
      ...new Set(
        this.inputs.probes.flatMap(({ from, to }) => [from.host, to.host]).filter((host) => host !== undefined),
      ),
    ];
  }

  private async ask(host: string, task: Task, lines: readonly string[]): Promise<string[]> {
    const fields = this.inputs.hosts[host] as HostFields;
    const data = [task, this.nonce, this.inputs.image, task === "start" ? lines : [], task === "probe" ? lines : []];
    const doing = { start: "start containers for probes", probe: "send probes", stop: "remove the probes' containers" }[
      task
    ];
    let text: string;
    try {
      const script = readScript("reachability");
      const answer = await this.runner.run(fields, this.credentials[host] ?? {}, script, encodeData(data));
      const sections = decodeSections(answer.stdout);
      const failure = failureIn(sections);
      if (failure) throw new HostError(explainCommon(failure, { host: fields } as CommonInputs));
      if (!sections.has("end")) throw new HostError((answer.stderr || answer.stdout).trim() || "it printed nothing");
      text = sections.get(task === "start" ? "ends" : "probes") ?? "";
    } catch (error) {
      const what = `cannot ${doing} on ${host}: ${messageOf(error)}`;
      throw error instanceof ConnectionError ? new ConnectionError(what) : new HostError(what);
    }
    return text.split("\n").filter(Boolean);
  }

  async all(): Promise<ProbeResult[]> {
    try {
      await Promise.all(this.hosts.map((host) => this.start(host)));
      const results = await Promise.all(this.hosts.map((host) => this.probe(host)));
      const byProbe = new Map(results.flat());
      return this.inputs.probes.flatMap((_, index) => byProbe.get(index) ?? []);
    } finally {
      // One that can't be reached any more removes them by itself: they end after five minutes.
      const made = new Set([...this.ends.values()].filter(({ kind }) => kind === "network").map(({ host }) => host));
      await Promise.allSettled([...made].map((host) => this.ask(host, "stop", [])));
    }
  }

  private async start(host: string): Promise<void> {
    const ends = [...this.ends.values()].filter((end) => end.host === host);
    if (ends.length === 0) return;
    const lines = ends.map(({ id, kind, name, address = "-", ports }) =>
      [id, kind, name, address, [...ports].join(",") || "-"].join(" "),
    );
    for (const line of await this.ask(host, "start", lines)) {
      const [what, id = "", ...rest] = line.trim().split(" ");
      const end = ends.find((entry) => entry.id === Number(id));
      if (what === "failed") {
        const doing = end?.kind === "container" ? "send probes from or to" : "start a container for probes on";
        throw new HostError(`cannot ${doing} ${end?.kind} "${end?.name}" of ${host}: ${rest.join(" ")}`);
      }
      this.addresses.set(
        Number(id),
        rest.filter((word) => /^[0-9a-fA-F:.]+$/.test(word)),
      );
    }
  }

  private addressOf(probe: Probe): string {
    const { to, ipVersion } = probe;
    const end = this.ends.get(keyOfTarget(probe));
    const found = end && this.addresses.get(end.id)?.find((text) => text.includes(":") === (ipVersion === 6));
    const target = to.network === undefined && to.container === undefined ? to.address : found;
    if (target === undefined) {
      throw new HostError(`probe "${probe.name}": ${show(to)} has no IPv${ipVersion} address`);
    }
    return target;
  }

  private fromOf({ from }: Probe): string {
    const end = this.ends.get(keyOf(from));
    if (!end) return "host";
    return end.kind === "network" ? `network:${end.id}` : `container:${end.name}`;
  }

  private async probe(host: string): Promise<[number, ProbeResult][]> {
    const mine = this.inputs.probes
      .map((probe, index) => ({ probe, index }))
      .filter(({ probe }) => probe.from.host === host);
    if (mine.length === 0) return [];
    const lines = mine.map(({ probe, index }) =>
      [
        index,
        this.fromOf(probe),
        probe.protocol,
        this.addressOf(probe),
        probe.port ?? "-",
        probe.size ?? "-",
        probe.expect,
      ].join(" "),
    );
    const answers = (await this.ask(host, "probe", lines)).map((line) => line.split(" "));
    return mine.map(({ probe, index }) => {
      const [, , found = "", detail = "", ...way] = answers.find(([, id]) => Number(id) === index) ?? [];
      if (found !== "reachable" && found !== "unreachable") {
        throw new HostError(`cannot send probe "${probe.name}" from ${host}: it gave no result`);
      }
      const result: ProbeResult = {
        name: probe.name,
        address: this.addressOf(probe),
        expect: probe.expect,
        found,
        detail: detail === "-" ? "" : detail.replaceAll("_", " ").trim(),
      };
      return [index, way.length > 0 && way[0] ? { ...result, path: pathOf(way) } : result];
    });
  }
}

/** `route WORDS hops A B *` in words. */
function pathOf(words: readonly string[]): string {
  const hops = words.slice(words.indexOf("hops") + 1);
  const ended = hops.at(-1) === "*";
  const answered = hops.filter((hop) => hop !== "*");
  const route = (words[1] ?? "").replaceAll("_", " ").trim();
  const end = ended ? (answered.length > 0 ? `ends after ${answered.at(-1)}` : "ends before the first hop") : "arrives";
  return `${route}; ${answered.length > 0 ? `by ${answered.join(", ")}; ` : ""}${end}`;
}

export const asExpected = ({ expect, found }: ProbeResult): boolean => expect === found;

function sayWrong({ name, address, expect, found, detail, path }: ProbeResult): string {
  const why = [detail, path].filter(Boolean).join("; ");
  return `  ${name}: wanted ${expect}, but ${address} is ${found}${why ? ` (${why})` : ""}`;
}

/** All of those that are not as expected, with the paths they take. */
export function unexpected(results: readonly ProbeResult[]): HostError | undefined {
  const wrong = results.filter((result) => !asExpected(result));
  if (wrong.length === 0) return undefined;
  return new HostError(
    `${wrong.length} of ${results.length} probes are not as expected:\n${wrong.map(sayWrong).join("\n")}`,
  );
}

export const sendProbes = (
  runner: Runner,
  inputs: ReachabilityInputs,
  credentials: Record<string, Credentials>,
): Promise<ProbeResult[]> => new Run(runner, inputs, credentials).all();
