/**
 * HTML mail as plain text: for previews, for quoting, for search. One pass over the octets given,
 * without building a tree, so that no nesting and no size of tag can cost more than its length.
 * It renders nothing and fetches nothing; what it gives is text, never HTML.
 */

import { decodeCharset } from "./charset.ts";

/** Elements whose content is no text. */
const HIDDEN = new Set(["style", "script", "head", "title", "template", "object", "svg", "math"]);
/** Elements within which even `<` is text (HTML §13.1.2). */
const RAW_TEXT = new Set(["style", "script", "title"]);
const BREAKS = new Set(["br", "hr"]);
const BLOCKS = new Set([
  "p",
  "div",
  "table",
  "tr",
  "ul",
  "ol",
  "dl",
  "dt",
  "dd",
  "pre",
  "form",
  "section",
  "article",
  "header",
  "footer",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "blockquote",
  "center",
  "address",
  "figure",
  "main",
  "nav",
  "aside",
  "fieldset",
  "body",
]);

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  shy: "",
  zwnj: "",
  zwj: "",
  copy: "©",
  reg: "®",
  trade: "™",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  lsquo: "‘",
  rsquo: "’",
  ldquo: "“",
  rdquo: "”",
  sbquo: "‚",
  bdquo: "„",
  laquo: "«",
  raquo: "»",
  bull: "•",
  middot: "·",
  euro: "€",
  pound: "£",
  yen: "¥",
  cent: "¢",
  sect: "§",
  para: "¶",
  deg: "°",
  plusmn: "±",
  times: "×",
  divide: "÷",
  frac12: "½",
  frac14: "¼",
  frac34: "¾",
  sup2: "²",
  sup3: "³",
  micro: "µ",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  eacute: "é",
  egrave: "è",
  ecirc: "ê",
  euml: "ë",
  agrave: "à",
  aacute: "á",
  acirc: "â",
  atilde: "ã",
  aring: "å",
  aelig: "æ",
  ccedil: "ç",
  igrave: "ì",
  iacute: "í",
  icirc: "î",
  iuml: "ï",
  ntilde: "ñ",
  ograve: "ò",
  oacute: "ó",
  ocirc: "ô",
  otilde: "õ",
  oslash: "ø",
  ugrave: "ù",
  uacute: "ú",
  ucirc: "û",
  yacute: "ý",
  yuml: "ÿ",
  Eacute: "É",
  Agrave: "À",
  Aring: "Å",
  AElig: "Æ",
  Ccedil: "Ç",
  Ntilde: "Ñ",
  Oslash: "Ø",
  iexcl: "¡",
  iquest: "¿",
  larr: "←",
  rarr: "→",
  uarr: "↑",
  darr: "↓",
  check: "✓",
  zwsp: "",
  ensp: " ",
  emsp: " ",
  thinsp: " ",
  minus: "−",
};

export function htmlToText(html: string): string {
  return new HtmlReader(html).read();
}

class HtmlReader {
  readonly #html: string;
  readonly #pieces: string[] = [];
  #at = 0;
  /** Within an element whose content is no text. */
  #hidden = "";
  #isPreformatted = false;
  #quoteDepth = 0;
  /** Breaks owed before the next text, and whether a space is. */
  #breaks = 0;
  #owesSpace = false;

  constructor(html: string) {
    this.#html = html;
  }

  read(): string {
    const html = this.#html;
    while (this.#at < html.length) {
      const open = html.indexOf("<", this.#at);
      const end = open === -1 ? html.length : open;
      if (end > this.#at && this.#hidden === "") this.#text(html.slice(this.#at, end));
      this.#at = end;
      if (open !== -1) this.#markup();
    }
    return this.#pieces.join("").trim();
  }

  #markup(): void {
    const html = this.#html;
    if (RAW_TEXT.has(this.#hidden) && !this.#closesHidden()) {
      this.#at++;
      return;
    }
    if (html.startsWith("<!--", this.#at)) {
      const end = html.indexOf("-->", this.#at + 4);
      this.#at = end === -1 ? html.length : end + 3;
      return;
    }
    const next = html[this.#at + 1] ?? "";
    if (!/[A-Za-z/!?]/.test(next)) {
      if (this.#hidden === "") this.#text("<");
      this.#at++;
      return;
    }
    const end = this.#endOfTag();
    this.#tag(html.slice(this.#at, Math.min(end, this.#at + 60)));
    this.#at = end;
  }

  /** In raw text nothing is markup but its own closing tag. */
  #closesHidden(): boolean {
    const name = this.#html.slice(this.#at, this.#at + this.#hidden.length + 2).toLowerCase();
    return name === `</${this.#hidden}`;
  }

  /** After the tag's `>`; a `>` within a quoted attribute is not its end. */
  #endOfTag(): number {
    const html = this.#html;
    let quote = "";
    for (let index = this.#at + 1; index < html.length; index++) {
      const char = html[index];
      if (quote !== "") {
        if (char === quote) quote = "";
      } else if (char === ">") return index + 1;
      else if ((char === '"' || char === "'") && html[index - 1] === "=") quote = char;
    }
    return html.length;
  }

  #tag(tag: string): void {
    const match = /^<(\/?)([A-Za-z][A-Za-z0-9]*)/.exec(tag);
    if (match === null) return;
    const isClosing = match[1] === "/";
    const name = match[2].toLowerCase();
    if (this.#hidden !== "") {
      if (isClosing && name === this.#hidden) this.#hidden = "";
      // A head that is never closed must not hide the body.
      else if (this.#hidden === "head" && name === "body") this.#hidden = "";
      else return;
    }
    if (HIDDEN.has(name)) {
      if (!isClosing && !tag.endsWith("/>")) this.#hidden = name;
    } else if (BREAKS.has(name)) this.#breakLine(Math.min(this.#breaks + 1, 2));
    else if (name === "li") {
      this.#breakLine(1);
      if (!isClosing) this.#emit("* ");
    } else if (name === "td" || name === "th") this.#owesSpace = true;
    else if (BLOCKS.has(name)) this.#block(name, isClosing);
  }

  #block(name: string, isClosing: boolean): void {
    if (name === "pre") this.#isPreformatted = !isClosing;
    this.#breakLine(/^(p|h[1-6]|blockquote|table|ul|ol)$/.test(name) ? 2 : 1);
    if (name !== "blockquote") return;
    this.#quoteDepth = Math.max(0, Math.min(this.#quoteDepth + (isClosing ? -1 : 1), 50));
  }

  #breakLine(count: number): void {
    if (this.#pieces.length > 0) this.#breaks = Math.max(this.#breaks, count);
    this.#owesSpace = false;
  }

  #text(raw: string): void {
    const text = raw.includes("&") ? decodeEntities(raw) : raw;
    if (this.#isPreformatted) {
      const lines = text.split(/\r\n|\n/);
      lines.forEach((line, index) => {
        if (index > 0) this.#breaks++;
        if (line !== "") this.#emit(line);
      });
      return;
    }
    const squeezed = text.replace(/[ \t\r\n\f]+/g, " ");
    if (squeezed === " " || squeezed === "") {
      this.#owesSpace ||= squeezed === " ";
      return;
    }
    if (squeezed.startsWith(" ")) this.#owesSpace = true;
    this.#emit(squeezed.trim());
    this.#owesSpace = squeezed.endsWith(" ");
  }

  #emit(text: string): void {
    if (this.#breaks > 0) {
      const quote = this.#quoteDepth === 0 ? "" : `${">".repeat(this.#quoteDepth)} `;
      this.#pieces.push(`\n${quote.trimEnd()}`.repeat(Math.min(this.#breaks, 2) - 1), `\n${quote}`);
      this.#breaks = 0;
    } else if (this.#pieces.length === 0 && this.#quoteDepth > 0) {
      this.#pieces.push(`${">".repeat(this.#quoteDepth)} `);
    } else if (this.#owesSpace && this.#pieces.length > 0) this.#pieces.push(" ");
    this.#owesSpace = false;
    this.#pieces.push(text);
  }
}

export function decodeEntities(text: string): string {
  return text.replace(
    /&(#[xX]?[0-9A-Fa-f]{1,7}|[A-Za-z][A-Za-z0-9]{1,9});?/g,
    (whole, name: string) => {
      if (!name.startsWith("#")) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : whole;
      const isHex = /^#[xX]/.test(name);
      const code = Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10);
      // HTML §13.2.5.80: references to C1 controls mean windows-1252.
      if (code >= 0x80 && code <= 0x9f) return decodeCharset(Uint8Array.of(code), "windows-1252");
      const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      return isCharacter ? String.fromCodePoint(code) : "\ufffd";
    },
  );
}
