// What a program imports: hosts on this machine, and how the things that make them are kept.
export * from "./cache";
export * from "./image";
export * from "./lab";
export * from "./packages";
export * from "./progress";
export * from "./root";
export * from "./topology";
export { quietOf } from "./twin/silence";
export { complaints, refuseOldPackage } from "./twin/stack";
export { tryOnTwin } from "./twin/twin";
