// Which of a host's rules are about what is described there. Pure.
import { overlaps, parseCidr } from "../vocabulary/addresses";
import { isMap } from "../vocabulary/values";
import type { Rule } from "./listed";

interface Told {
  inputs: Record<string, unknown>;
  name: string;
}

const cidrIn = (text: string): ReturnType<typeof parseCidr>[] => {
  try {
    return [parseCidr(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`)];
  } catch {
    return [];
  }
};

/** The subnets and addresses of what is described. */
const lansOf = (described: readonly Told[]) =>
  described.flatMap(({ inputs }) => [
    ...((inputs["addresses"] ?? []) as string[]).flatMap(cidrIn),
    ...((inputs["subnets"] ?? []) as unknown[]).flatMap((entry) =>
      isMap(entry) ? cidrIn(String(entry["subnet"])) : [],
    ),
  ]);

const valuesOf = (rule: string, options: RegExp): string[] =>
  [...rule.matchAll(options)].flatMap(([, value]) => value ?? []);

/** As iptables has it: `eth0.+` is each that begins so. */
const isOne = (name: string, names: ReadonlySet<string>): boolean =>
  name.endsWith("+") ? [...names].some((one) => one.startsWith(name.slice(0, -1))) : names.has(name);

/**
 * A rule of iptables that names an interface or a subnet of what is described; of what is forwarded and translated one that names none at
 * all, too: it is about all packets. What is no such rule is told as it is.
 */
export function aboutThem(rules: readonly Rule[], described: readonly Told[]): Rule[] {
  const names = new Set(described.flatMap(({ name, inputs }) => [name, String(inputs["parent"] ?? name)]));
  const lans = lansOf(described);
  return rules.filter(({ command, shows }) => {
    if (!command.endsWith("tables-save")) return true;
    const interfaces = valuesOf(shows, / (?:-i|-o) (\S+)/g);
    const cidrs = valuesOf(shows, / (?:-s|-d) (\S+)/g).flatMap(cidrIn);
    const isAll =
      interfaces.length + cidrs.length === 0 ||
      / ! -[iosd] /.test(shows) ||
      (cidrs.length === 0 && shows.startsWith("-A POSTROUTING "));
    return (
      interfaces.some((name) => isOne(name, names)) ||
      cidrs.some((cidr) => lans.some((lan) => lan.family === cidr.family && overlaps(lan, cidr))) ||
      (isAll && /^-A (?:FORWARD|POSTROUTING) /.test(shows))
    );
  });
}
