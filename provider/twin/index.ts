// For pulumi-macvlan-lab, which makes a twin's hosts; no part of what programs import.
export { closeConnections, runner } from "../host/ssh/connection";
export { TWIN, type TwinHost } from "../host/ssh/twin";
export { checkReachability } from "../kinds/reachability/kind";
export { sendProbes } from "../kinds/reachability/probes";
export type { Review } from "../review/found";
export { review } from "../review/review";
export { plural } from "../review/said";
export { readStackChange } from "../review/stack";
export type { Attempt, Tried } from "../review/tried";
export { type HostFields, publicPart } from "../vocabulary/host";
export { flowsOf, type Stream, streamsOf } from "./flows";
export type { TwinLab, TwinOptions } from "./options";
export { type Asked, type KnownNic, planTwin, type StandIn, type TwinPlan, type Wire } from "./plan";
export {
  chosenAddresses,
  countOthers,
  type Deployment,
  hasPlugins,
  inStateOnly,
  seenHosts,
  withoutSecrets,
} from "./state";
