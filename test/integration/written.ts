// The commands that a text tells its reader to type.

/** Said in the text itself of what no test can type: it needs somebody's own hosts, asks a person, or would run the tests. */
const NOT_TYPED = /#.*\bnot typed by a test\b/;

const typed = (lines: readonly string[]): string[] =>
  lines.map((line) => line.trim()).filter((line) => line !== "" && !NOT_TYPED.test(line));

/** Of Markdown: the lines of its sh blocks. */
export const commandsIn = (markdown: string): string[] =>
  typed([...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) => block.split("\n")));

/** Of what a command printed: the lines that are indented by two blanks, from where it speaks of going on. */
export const commandsPrinted = (text: string): string[] =>
  typed(
    text
      .slice(Math.max(0, text.indexOf("To go on by hand")))
      .split("\n")
      .filter((line) => /^ {2}\S/.test(line)),
  );
