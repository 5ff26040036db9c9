// The failures that every script knows, in words: why, and what to do.

import type { ScriptFailure } from "../formats/sections";
import { quoted } from "../vocabulary/errors";
import { hostLabel } from "../vocabulary/host";
import type { CommonInputs } from "./kind";

export const PACKAGES: Record<string, string> = {
  ip: "iproute2 (its `ip` command; busybox's can't do this)",
  nft: "nftables",
  docker: "Docker (its `docker` command)",
  dnsmasq: "dnsmasq (Debian package dnsmasq-base)",
  perl: "perl",
  ping: "ping (Debian package iputils-ping)",
};

/** What `refuse_strangers` tells: who has an address already, and where. */
export const strangersIn = (text: string) =>
  text
    .split(",")
    .filter(Boolean)
    .map((line) => line.split(" "))
    .map(([device = "", address = "", macAddress = ""]) => ({ device, address, macAddress }));

export function explainCommon(
  { code, details: [first = "", second = ""] }: ScriptFailure,
  inputs: CommonInputs,
): string {
  const host = hostLabel(inputs.host);
  const { parent } = inputs as CommonInputs & { parent?: string };
  switch (code) {
    case "not-root":
      return `it takes root, and ${quoted(first)} is not root there: connect as root, or set sudo: true (or sudo: {password}) on the host's connection`;
    case "missing-tool":
      return `${host} has no ${PACKAGES[first] ?? first}: install it there`;
    case "no-docker":
      return `its Docker daemon does not answer: ${first}`;
    case "no-parent":
      return `parent ${quoted(parent ?? "")} does not exist; its interfaces are ${first.trim().split(" ").join(", ")}`;
    case "parent-down":
      return `parent ${quoted(parent ?? "")} is down: bring it up (ip link set ${parent} up), and keep it up over a reboot`;
    case "foreign":
      return first
        ? `it exists and belongs to somebody else (its mark says ${quoted(first)}): remove it there, choose another name, or take it over with adopt: true`
        : "it exists and was not made by pulumi-macvlan: remove it, choose another name, or take it over with adopt: true";
    case "different":
      return `it exists with another parent, id or kind (${first.trim()}): adopt can't turn it into this; remove it, or describe it as it is`;
    case "has-children":
      return `others stand on it and would vanish with it: ${first.trim().split(" ").join(", ").replaceAll("Docker:", "Docker network ")}; remove them first`;
    case "no-watchdog":
      return `this change may cut off SSH, and no watchdog can be started on ${host} that would undo it: ${first || "it did not start"}. Nothing was changed`;
    case "no-systemd":
      return `${host} has no systemd to make it again at boot: set persist: false to have it until the next reboot only`;
    case "locked":
      return `another change has held ${host}'s lock (/run/pulumi-macvlan/lock) for 50 s, or waits to be confirmed: try again when it is done`;
    case "command":
      return second ? `${quoted(first)} failed there: ${second}` : `${quoted(first)} failed there`;
    case "protocol":
      return `the connection ended before all inputs had arrived (${first}); nothing was changed`;
    default:
      return [code, first, second].filter(Boolean).join(": ");
  }
}
