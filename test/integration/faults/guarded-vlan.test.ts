import { faultsOf } from "./suite";

faultsOf("a guarded VLAN");
