// What the provider text in a stack's state calls, whatever the state's age. This module's path, `pulumi-macvlan/handlers`, is part of that
// state: keep it exported for ever.
export { handlers, providerOf } from "./pulumi/dynamic/handlers";
