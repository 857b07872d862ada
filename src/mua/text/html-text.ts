/**
 * HTML mail as text to read on a terminal: one linear pass over the tags, no tree, no style sheet,
 * no network, nothing executed. Bounded in input and output. Beyond `message/html-text.ts`, which
 * serves previews and search, it keeps what a reader needs: where links really lead, what pictures
 * are called, quotes and rules; and leaves out what a browser would hide (`hidden`, `display:none`).
 */

import { decodeEntities } from "../../message/html-text.ts";
import { TextSink } from "./text-sink.ts";

export const MAX_HTML_LENGTH = 4_000_000;

/** Their content is never text to read. */
const SKIPPED = new Set([
  "script",
  "style",
  "head",
  "title",
  "template",
  "svg",
  "math",
  "object",
  "iframe",
  "noframes",
  "select",
  "textarea",
  "audio",
  "video",
  "canvas",
]);
const VOID = new Set([
  "area",
  "base",
  "br",
  "col",
  "embed",
  "hr",
  "img",
  "input",
  "link",
  "meta",
  "source",
  "track",
  "wbr",
]);
/** Begin and end on a line of their own; those in the second set with a blank line around. */
const BLOCKS = new Set([
  "address",
  "article",
  "aside",
  "body",
  "center",
  "dd",
  "div",
  "dl",
  "dt",
  "fieldset",
  "figcaption",
  "figure",
  "footer",
  "form",
  "header",
  "li",
  "main",
  "nav",
  "ol",
  "option",
  "section",
  "table",
  "tbody",
  "tfoot",
  "thead",
  "tr",
  "ul",
]);
const SPACED = new Set(["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "p", "pre"]);

const TAG = /<(?:!--|(\/?)([A-Za-z][A-Za-z0-9:-]{0,60})|[!?])/g;

export function htmlToText(html: string): string {
  const reader = new HtmlReader(html.slice(0, MAX_HTML_LENGTH));
  return reader.read();
}

type Attributes = ReadonlyMap<string, string>;

class HtmlReader {
  readonly #html: string;
  readonly #out = new TextSink();
  /** The element whose content is skipped, and how many of its name are open. */
  #skipping: { name: string; depth: number } | undefined;
  /** Where the links lead whose text is being written; at most a few are ever open. */
  #links: { href: string; fromPart: number }[] = [];

  constructor(html: string) {
    this.#html = html;
  }

  read(): string {
    const tag = new RegExp(TAG);
    let at = 0;
    for (let match = tag.exec(this.#html); match !== null; match = tag.exec(this.#html)) {
      this.#text(at, match.index);
      const end = this.#take(match);
      if (end === -1 || this.#out.isFull) return this.#out.finish();
      at = tag.lastIndex = end;
    }
    this.#text(at, this.#html.length);
    return this.#out.finish();
  }

  #text(from: number, to: number): void {
    if (from < to && this.#skipping === undefined) {
      this.#out.text(decodeEntities(this.#html.slice(from, to)));
    }
  }

  /** Handles the tag, comment or declaration at `match`; where it ends, -1 when it never does. */
  #take(match: RegExpExecArray): number {
    const [whole, slash, rawName] = match;
    const afterName = match.index + whole.length;
    if (rawName === undefined) {
      const closing = whole === "<!--" ? "-->" : ">";
      const end = this.#html.indexOf(closing, afterName);
      return end === -1 ? -1 : end + closing.length;
    }
    const name = rawName.toLowerCase();
    const end = endOfTag(this.#html, afterName);
    if (end === -1) return -1;
    if (slash === "/") this.#close(name);
    else this.#open(name, this.#html.slice(afterName, end - 1));
    return end;
  }

  #open(name: string, attributeText: string): void {
    if (this.#skipping !== undefined) {
      if (name === this.#skipping.name) this.#skipping.depth++;
      return;
    }
    const isVoid = VOID.has(name) || attributeText.endsWith("/");
    if (SKIPPED.has(name)) {
      if (!isVoid) this.#skipping = { name, depth: 1 };
      return;
    }
    const attributes = parseAttributes(attributeText);
    if (!VOID.has(name) && isHidden(attributes)) {
      this.#skipping = { name, depth: 1 };
      return;
    }
    this.#begin(name, attributes);
  }

  #begin(name: string, attributes: Attributes): void {
    const out = this.#out;
    if (SPACED.has(name)) out.breakLines(2);
    else if (BLOCKS.has(name)) out.breakLines(1);
    if (name === "br") out.lineEnd();
    else if (name === "hr") out.rule();
    else if (name === "li") out.raw("* ");
    else if (name === "td" || name === "th") out.cell();
    else if (name === "pre") out.isPreformatted = true;
    else if (name === "blockquote") out.quote(1);
    else if (name === "img") out.text(imageText(attributes));
    else if (name === "a" && this.#links.length < 4) {
      this.#links.push({ href: attributes.get("href") ?? "", fromPart: out.parts });
    }
  }

  #close(name: string): void {
    if (this.#skipping !== undefined) {
      if (name === this.#skipping.name && --this.#skipping.depth === 0) this.#skipping = undefined;
      return;
    }
    const out = this.#out;
    if (name === "a") this.#closeLink();
    else if (name === "pre") out.isPreformatted = false;
    if (SPACED.has(name)) out.breakLines(2);
    else if (BLOCKS.has(name)) out.breakLines(1);
    if (name === "blockquote") out.quote(-1);
  }

  #closeLink(): void {
    const link = this.#links.pop();
    if (link === undefined) return;
    const target = link.href.replace(/^mailto:/i, "").replace(/[\s\u0000-\u001f]+/g, "");
    if (!/^(?:https?:|ftp:)/i.test(target) && !/^mailto:/i.test(link.href)) return;
    const shown = this.#out.since(link.fromPart).trim();
    if (shown === target || shown === target.replace(/^https?:\/\//i, "").replace(/\/$/, ""))
      return;
    this.#out.text(shown === "" ? `<${target}>` : ` <${target}>`);
  }
}

/** The index after the `>` that ends a tag; quoted attribute values may hold `>`. */
function endOfTag(html: string, from: number): number {
  const special = /["'>]/g;
  special.lastIndex = from;
  for (let match = special.exec(html); match !== null; match = special.exec(html)) {
    if (match[0] === ">") return match.index + 1;
    // A quote only opens a value after `=`; elsewhere it is a stray character.
    if (!/=\s*$/.test(html.slice(Math.max(from, match.index - 8), match.index))) continue;
    const closing = html.indexOf(match[0], match.index + 1);
    if (closing === -1) return html.indexOf(">", match.index) + 1 || -1;
    special.lastIndex = closing + 1;
  }
  return -1;
}

const ATTRIBUTE =
  /([A-Za-z][A-Za-z0-9:_-]{0,60})(?:\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
const WANTED = new Set(["href", "alt", "hidden", "style"]);

function parseAttributes(text: string): Attributes {
  const attributes = new Map<string, string>();
  for (const match of text.slice(0, 20_000).matchAll(ATTRIBUTE)) {
    const name = match[1].toLowerCase();
    if (WANTED.has(name) && !attributes.has(name)) {
      attributes.set(name, decodeEntities(match[2] ?? match[3] ?? match[4] ?? ""));
    }
  }
  return attributes;
}

function isHidden(attributes: Attributes): boolean {
  if (attributes.has("hidden")) return true;
  return /(?:^|;)\s{0,20}(?:display\s{0,20}:\s{0,20}none|visibility\s{0,20}:\s{0,20}hidden)/i.test(
    attributes.get("style") ?? "",
  );
}

function imageText(attributes: Attributes): string {
  const alt = attributes.get("alt")?.trim() ?? "";
  return alt === "" ? "" : `[${alt}]`;
}
