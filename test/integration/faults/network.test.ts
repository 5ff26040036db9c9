import { faultsOf } from "./suite";

faultsOf("a network");
