import type { Lab } from "pulumi-macvlan-lab";
import { forgetClaims } from "../../provider/lifecycle/claims";
import type { ResourceKind } from "../../provider/lifecycle/kind";
import { check } from "../../provider/lifecycle/lifecycle";

/** Those of a resource on a host of the lab, as `check` gives them; it claims nothing that another one may want. */
export function inputsOn(
  lab: Lab,
  host: string,
  kind: ResourceKind,
  name: string,
  props: Record<string, unknown>,
): Record<string, unknown> {
  const connection = lab.connection(host);
  forgetClaims();
  const { inputs, refusals } = check(kind, {
    host: { ...connection, hostKey: [connection.hostKey] },
    __owner: `bench/lab/${name}`,
    ...props,
  });
  if (refusals.length > 0) throw new Error(JSON.stringify(refusals));
  forgetClaims();
  return inputs;
}
