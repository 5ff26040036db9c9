import { sufferAll } from "./suite";

sufferAll("SIGKILL of the provider");
