// What became of a change on a twin of its stack, and in which words it is told. Pure.
import { joined, plural, type Said, said } from "./said";

/** Above it. */
export const TRIED = "Tried on a twin";

/** One run of the program there. */
export interface Attempt {
  worked: boolean;
  /** Seconds. */
  took: number;
  /** What Pulumi said where it did not. */
  said: string[];
}

export interface Tried {
  /** The stack as it is, made there: where it can't be made, nothing else was tried. */
  base: Attempt;
  /** The changed program. */
  up?: Attempt;
  /** The same once more, which is to change nothing. */
  again?: Attempt;
  /** The program as it was. */
  back?: Attempt;
  /** In which way the hosts were not as before, after that. */
  left: string[];
  /** How many containers had a stand-in, and how many of those could be asked. */
  containers: number;
  asked: number;
  /** What could not be looked at, and why. */
  failed: string[];
  /** Containers that gave no answer, for how many seconds in all; `lost` gave none to the end. */
  silent: { host: string; network: string; container: string; seconds: number; lost: boolean }[];
  /** How many connections were made again and again meanwhile, and those that could not be for so many seconds in all, or to the end. */
  streams: number;
  still: { name: string; seconds: number; lost: boolean }[];
  /** How many packets were sent from network to network, and those that did not fare as the review says, but had before. */
  flows: number;
  unexpected: { name: string; expect: string; found: string }[];
  /** What of the stack a twin does not have. */
  unlike: Said[];
  /** Seconds in all. */
  took: number;
}

/** Whether all went well that was tried. */
export const wentWell = ({ base, up, again, back, left, failed, silent, still, unexpected }: Tried): boolean =>
  [base, up, again, back].every((attempt) => attempt?.worked === true) &&
  left.length + failed.length + unexpected.length === 0 &&
  [...silent, ...still].every(({ lost }) => !lost);

const seconds = (count: number): string => `${count.toFixed(1)} s`;

function verdict({ base, up, again, back, left, failed, silent, still, unexpected }: Tried): Said {
  if (!base.worked) return said`not tried: the stack as it is could not be made there`;
  if (!up?.worked) return said`the update failed`;
  const lost = silent.filter((one) => one.lost).map(({ container }) => said`${container}`);
  const wrong: Said[] = [
    ...(lost.length > 0 ? [[...joined(lost, ", "), " did not answer any more"]] : []),
    ...(still.some((one) => one.lost) ? [said`what passed between networks did not come through any more`] : []),
    ...(unexpected.length > 0 ? [[`${plural(unexpected.length, "packet")} did not fare as foretold`]] : []),
    ...(again?.worked === false ? [said`a second update did not find everything as it is to be`] : []),
    ...(back?.worked === false ? [said`going back failed`] : []),
    ...(failed.length > 0 ? [said`not all could be looked at`] : []),
    ...(left.length > 0 ? [said`going back did not leave the hosts as they were`] : []),
  ];
  return wrong.length > 0 ? joined(wrong, "; ") : said`the update, a second one and the way back all went well`;
}

/** Who was off, longest first, of those that could be asked. */
function silence({ silent, containers, asked }: Tried): Said {
  if (containers === 0) return said`no container is on its networks`;
  const of = asked === containers ? [] : [` (${asked} of ${plural(containers, "container")} could be asked)`];
  const off = silent.filter(({ lost }) => !lost).sort((one, other) => other.seconds - one.seconds);
  const [longest] = off;
  if (asked === 0) return ["no container could be asked"];
  if (!longest) return [`${silent.length === 0 ? "no container" : "no other container"} missed an answer`, ...of];
  const told =
    off.length === 1
      ? said`${longest.container} gave no answer for ${seconds(longest.seconds)}`
      : said`${off.length} containers gave no answer for a while, ${longest.container} longest (${seconds(longest.seconds)})`;
  return [...told, ...of];
}

/** What passed from network to network meanwhile. */
function streaming({ streams, still }: Tried): Said[] {
  if (streams === 0) return [];
  if (still.length === 0)
    return [[`${plural(streams, "connection")} from network to network came through all the time`]];
  return still.map(({ name, seconds: off, lost }) =>
    lost
      ? said`${name} did not come through from the change on (${seconds(off)})`
      : said`${name} did not come through for ${seconds(off)}`,
  );
}

/** One line each, the verdict first. */
export function tellTried(tried: Tried): Said[] {
  const { base, up, again, back, left, failed, unexpected, flows, unlike, took } = tried;
  const failures = Object.entries({
    "the stack as it is": base,
    "the update": up,
    "a second update": again,
    "the way back": back,
  });
  return [
    verdict(tried),
    ...(up ? [silence(tried), ...streaming(tried)] : []),
    ...failures.flatMap(([what, attempt]): Said[] =>
      attempt && !attempt.worked ? attempt.said.map((line) => [`${what}: `, { name: line }]) : [],
    ),
    ...tried.silent
      .filter(({ lost }) => lost)
      .map(
        ({ host, network, container, seconds: off }) =>
          said`${container} on ${network} of ${host} gave no answer from the change on (${seconds(off)})`,
      ),
    ...unexpected.map(({ name, expect, found }) => said`${name}: foretold ${expect}, found ${found}`),
    ...failed.map((line) => [{ name: line }]),
    ...left.map((line) => said`after the way back: ${line}`),
    ...(up?.worked
      ? [said`${flows} packets were sent from network to network; all of it took ${took.toFixed(0)} s`]
      : []),
    ...(unlike.length > 0 ? [["what a twin can't know: ", ...joined(unlike, "; ")]] : []),
  ];
}
