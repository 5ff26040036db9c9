import { faultsOf } from "./suite";

faultsOf("a link");
