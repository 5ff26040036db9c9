import { sufferAll } from "./suite";

sufferAll("disk full");
