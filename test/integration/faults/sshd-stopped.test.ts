import { sufferAll } from "./suite";

sufferAll("sshd stopped");
