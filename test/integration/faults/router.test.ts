import { faultsOf } from "./suite";

faultsOf("a router");
