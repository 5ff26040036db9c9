// The mark that every object of ours carries on a host: interface alias, Docker label, nft table comment.
import { createHash } from "node:crypto";

export const PREFIX = "pulumi-macvlan ";
const LIMIT = 120; // An nft comment holds 128 bytes; an interface alias 255.

/** Plain letters only, so that the same mark fits everywhere; what had to be changed is told apart by a hash. */
function plain(text: string, limit: number): string {
  const safe = text.replace(/[^A-Za-z0-9_.:-]/g, "_");
  if (safe === text && text.length <= limit) return text;
  return `${safe.slice(0, limit - 9)}~${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}

/** `owner` is `project/stack/resource`. The family is the stack: its resources may take over from each other. */
export function markOf(owner: string): { mark: string; family: string } {
  const [project = "", stack = "", ...rest] = owner.split("/");
  const family = `${PREFIX}${plain(project, 30)}/${plain(stack, 30)}/`;
  return { family, mark: `${family}${plain(rest.join("/"), LIMIT - family.length)}` };
}

/** Is it this resource's: does it have its mark, or nobody's where it was taken over as it is? */
export const belongsTo = (
  { __owner, adopt }: { __owner: string; adopt: boolean },
  found: string | undefined,
): boolean => found === markOf(__owner).mark || (adopt && !found?.startsWith(PREFIX));
