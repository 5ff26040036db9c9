// The review of a change, put together; markdown.ts and html.ts show it. Pure.
import type { CommonInputs } from "../lifecycle/kind";
import { GUARDED } from "../lifecycle/lifecycle";
import { isUnknown } from "../vocabulary/values";
import { changedFields } from "./fields";
import type { Line, Move, Off, Review } from "./found";
import { matrixOf } from "./reach";
import { sentenceOf } from "./sentence";
import { align, sideOf, subnetsOf } from "./side";
import { inOrder, isRouter, type Props, type Reviewed, readStackChange, type Step } from "./stack";
import { stopsOf } from "./stops";
import { changesOf, nameOf } from "./words";

const RANK: readonly Step[] = ["delete", "replace", "update", "create"];

function linesOf(resource: Reviewed): { host: string; line: Line }[] {
  const { kind, step, host, formerHost, type, old } = resource;
  if (!kind || step === "same" || host === undefined) return [];
  const line = {
    step,
    type,
    what: nameOf(resource),
    changes: changesOf(resource),
    guarded: isRouter(resource) || old?.[GUARDED] === true,
  };
  if (formerHost === undefined) return [{ host, line }];
  return [
    { host: formerHost, line: { ...line, step: "delete", changes: [] } },
    { host, line: { ...line, step: "create", guarded: isRouter(resource) } },
  ];
}

function tables(resources: readonly Reviewed[]): Review["hosts"] {
  const all = resources.flatMap(linesOf);
  const hosts = [...new Set(all.map(({ host }) => host))].sort();
  return hosts.map((host) => {
    const lines = all.filter((one) => one.host === host).map(({ line }) => line);
    return { host, lines: inOrder(lines, ({ step, what }) => `${RANK.indexOf(step)} ${what}`) };
  });
}

const networkNameOf = ({ wanted, old }: Reviewed): string => String((wanted ?? old)?.["name"] ?? "");

/** Of what is not known yet, or hidden, nothing can be worked out. */
const isWhole = ({ subnets }: Props): boolean => Array.isArray(subnets) && subnetsOf(subnets).length === subnets.length;

function whoIsOff(resources: readonly Reviewed[]): Off[] {
  return resources.flatMap((resource) => {
    const { kind, step, host = "", old, wanted } = resource;
    if (step !== "update" || !kind?.interrupts || !old || !wanted || ![old, wanted].every(isWhole)) return [];
    const found = kind.interrupts(old as unknown as CommonInputs, wanted as unknown as CommonInputs, old);
    const network = networkNameOf(resource);
    return found ? [{ host, network, users: [...found.who].sort(), seconds: found.seconds }] : [];
  });
}

function movesOf(resources: readonly Reviewed[]): Move[] {
  return resources.flatMap((resource) => {
    const { type, host = "", old, wanted } = resource;
    if (type !== "MacvlanNetwork" || !old || !wanted) return [];
    if (isUnknown(wanted["subnets"])) return [];
    const rangesIn = (props: Props) => subnetsOf(props["subnets"]).map(({ subnet, ipRange }) => ipRange ?? subnet);
    const [before, after] = [rangesIn(old), rangesIn(wanted)];
    const [gone, fresh] = [
      before.filter((range) => !after.includes(range)),
      after.filter((range) => !before.includes(range)),
    ];
    if (gone.length === 0) return [];
    return [{ host, network: networkNameOf(resource), before: gone.join(", "), after: fresh.join(", ") || "none" }];
  });
}

/**
 * Reviews a change of a stack. Neither a host nor Pulumi is asked; the same input gives the same review.
 *
 * @param preview what `pulumi preview --json` printed, parsed.
 * @param state what `pulumi stack export` printed, parsed: tells what stays, and who was on the networks at the last refresh.
 * @throws where the preview is none.
 */
export function review(preview: unknown, state?: unknown): Review {
  const change = readStackChange(preview, state);
  const { project, stack, resources, others } = change;
  const before = sideOf(resources, ({ old, host, formerHost = host }) => ({ host: formerHost, props: old }));
  const after = sideOf(resources, ({ wanted, host }) => ({ host, props: wanted }));
  align(before, after);
  const all = {
    project,
    stack,
    ...stopsOf(change, before, after),
    before,
    after,
    cells: matrixOf(before, after),
    hosts: tables(resources),
    moves: movesOf(resources),
    off: whoIsOff(resources),
    others,
    fields: changedFields(resources),
  };
  return { ...all, sentence: sentenceOf(all) };
}
