// Results of probes in the form that CI systems read.
import type { Builder } from "junit-report-builder";
import { asExpected, type ProbeResult } from "./probes";

/** Its library is loaded here: no other resource needs it. */
export async function toJunit(results: readonly ProbeResult[]): Promise<string> {
  // Its types are those of an ES module, which it is not.
  const { default: junit } = (await import("junit-report-builder")) as unknown as { default: Builder };
  const builder = junit.newBuilder();
  const suite = builder.testSuite().name("pulumi-macvlan Reachability");
  for (const result of results) {
    const test = suite.testCase().className(result.expect).name(result.name);
    const said = [`${result.address} is ${result.found}`, result.detail, result.path].filter(Boolean).join("; ");
    if (asExpected(result)) test.standardOutput(said);
    else test.failure(`wanted ${result.expect}: ${said}`);
  }
  return builder.build();
}
