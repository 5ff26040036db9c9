import { sufferAll } from "./suite";

sufferAll("host rebooted");
