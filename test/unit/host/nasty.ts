// What shells trip over, and a script that hands every datum back.
import { readLibrary, textOf } from "../../../provider/host/scripts";

/** Without NUL, which no shell can hold. */
export const NASTY = [
  "",
  "-x",
  "x%d",
  "a$(id)",
  "`id`",
  "'",
  '"',
  "\\",
  "\\n",
  "a\nb",
  "\n",
  " ",
  "\t",
  "é",
  "日本",
  "*",
  "~",
  "!",
  "%s",
  "\\0",
  "\\c",
  "\r",
  "\\0101",
  "$IFS",
  "a;b",
  "a b",
  ".",
  "..",
  "all",
  "default",
  "@end",
  "pulumi-macvlan:end",
];

// The library alone, then a script that hands every datum back, each ended by a byte that no text holds.
export const ECHO = `${textOf(readLibrary())}
begin; take count; n=$count; while [ "$n" -gt 0 ]; do take datum_; printf '%s\\377' "$datum_"; n=$((n - 1)); done; end`;
