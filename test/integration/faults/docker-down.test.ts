import { sufferAll } from "./suite";

sufferAll("Docker down");
