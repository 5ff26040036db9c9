import { sufferAll } from "./suite";

sufferAll("TCP reset");
