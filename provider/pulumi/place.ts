// Where a resource stands in its user's program, which Pulumi keeps with it and writes again with every change of the stack. Left to
// itself it takes a line of this package for it, and a call stack of its own runtime, which is a quarter of such a resource's state.
import { join, sep } from "node:path";

const NOT_THE_USERS = ["node:", join(__dirname, "..") + sep, join("node_modules", "@pulumi", "pulumi") + sep];

/** The SDK leaves out as many: four calls of its own, and the class that is constructed. (`Resource.stackTrace` in its resource.ts) */
const LEFT_OUT = 5;

/** V8 writes the place of a function without a name in another way, which the SDK does not read. */
const UNNAMED = /^( {4}at )(?:async )?([^(\n]+:\d+:\d+)$/gm;

const isTheUsers = (call: NodeJS.CallSite): boolean => {
  const file = call.getFileName() ?? "node:";
  return !NOT_THE_USERS.some((part) => file.includes(part));
};

/** What is constructed until the end stands where its user's program made it. Source: https://v8.dev/docs/stack-trace-api */
export function atItsUsersPlace(): { end(): void } {
  const format = Error.prepareStackTrace;
  Error.prepareStackTrace = (error, calls) => {
    const told = [...calls.slice(0, LEFT_OUT), ...calls.slice(LEFT_OUT).filter(isTheUsers)];
    const text: unknown = format ? format(error, told) : [error, ...told.map((call) => `    at ${call}`)].join("\n");
    return typeof text === "string" ? text.replace(UNNAMED, "$1<anonymous> ($2)") : text;
  };
  return {
    end() {
      Error.prepareStackTrace = format;
    },
  };
}
