import { faultsOf } from "./suite";

faultsOf("VlanSubinterface", "MacvlanLink");
