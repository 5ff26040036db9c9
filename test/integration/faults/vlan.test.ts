import { faultsOf } from "./suite";

faultsOf("a VLAN");
