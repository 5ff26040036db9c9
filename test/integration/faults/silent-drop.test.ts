import { sufferAll } from "./suite";

sufferAll("silent drop");
