import { faultsOf } from "./suite";

faultsOf("MacvlanNetwork", "InterVlanRouter");
