// Names, labels and messages come from strangers: as data, they make no markup, no link and no mention. Pure.

import { UNKNOWN } from "../vocabulary/values";

/** What would turn the text around it, or hides: controls and marks of direction. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** As a reader may see it: nothing unseen, and words for what is not known yet. */
export const shown = (text: string): string =>
  text.replace(UNSEEN, "\ufffd").replaceAll(UNKNOWN, "what is known later");

/** For HTML, text and attributes alike. */
export const html = (text: string): string =>
  shown(text).replace(/[&<>"'`]/g, (letter) => `&#${letter.codePointAt(0)};`);

/** After an @, so that no address of mail and no mention comes of it. */
const JOINER = "&#8288;";

/**
 * For Markdown: code, in which neither GitHub nor GitLab looks for mentions or numbers of issues, and in which every sign that means something
 * in Markdown, in a table or in an address is spelt as a character reference.
 */
export const code = (text: string): string =>
  `<code>${shown(text)
    .replace(/\s+/g, " ")
    .replace(/[^A-Za-z0-9 ,;]/gu, (letter) => `&#${letter.codePointAt(0)};${letter === "@" ? JOINER : ""}`)}</code>`;

/** A label of Mermaid's: https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters */
export const mermaid = (text: string): string =>
  shown(text)
    .replace(/\s+/g, " ")
    .replace(/[^A-Za-z0-9 .,_]/gu, (letter) => `#${letter.codePointAt(0)};`);

/** In a fenced block: nothing in it can end it. */
export const fenced = (text: string): string => shown(text).replace(/`{3,}/g, (ticks) => [...ticks].join("\u200a"));
