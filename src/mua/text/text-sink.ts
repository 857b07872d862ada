/** Gathers the text of HTML, folding white space and counting line ends as a browser would. Bounded. */

const MAX_TEXT_LENGTH = 1_000_000;
const MAX_QUOTE_DEPTH = 10;

export class TextSink {
  isPreformatted = false;
  readonly #parts: string[] = [];
  #length = 0;
  #quoteDepth = 0;
  #lastDepth = 0;
  /** Line ends wanted before the next text; spaces likewise. */
  #breaks = 0;
  #wantsSpace = false;

  get parts(): number {
    return this.#parts.length;
  }

  get isFull(): boolean {
    return this.#length >= MAX_TEXT_LENGTH;
  }

  since(fromPart: number): string {
    return this.#parts.slice(fromPart).join("");
  }

  text(text: string): void {
    if (this.isPreformatted) {
      text.split(/\r\n?|\n/).forEach((line, index) => {
        if (index > 0) this.lineEnd();
        this.raw(line);
      });
      return;
    }
    const folded = text.replace(/[ \t\r\n\f]+/g, " ");
    if (folded === "") return;
    if (folded.startsWith(" ")) this.#wantsSpace = true;
    const words = folded.trim();
    if (words === "") return;
    this.raw(words);
    this.#wantsSpace = folded.endsWith(" ");
  }

  raw(text: string): void {
    if (text === "") return;
    if (this.#breaks > 0 || this.#parts.length === 0) this.#flushBreaks();
    else if (this.#wantsSpace) this.#add(" ");
    this.#wantsSpace = false;
    this.#add(text.replaceAll("\u00a0", " "));
  }

  breakLines(count: number): void {
    if (this.#parts.length > 0) this.#breaks = Math.max(this.#breaks, count);
    this.#wantsSpace = false;
  }

  lineEnd(): void {
    if (this.#parts.length > 0) this.#breaks = Math.min(this.#breaks + 1, 3);
    this.#wantsSpace = false;
  }

  rule(): void {
    this.breakLines(1);
    this.raw("-".repeat(40));
    this.breakLines(1);
  }

  cell(): void {
    if (this.#parts.length > 0 && this.#breaks === 0) this.#wantsSpace = true;
  }

  quote(change: number): void {
    this.#quoteDepth = Math.max(0, this.#quoteDepth + change);
  }

  finish(): string {
    const text = this.#parts.join("");
    return text === "" ? "" : `${text.replace(/[ \t]{1,1000}$/gm, "")}\n`;
  }

  #flushBreaks(): void {
    const depth = Math.min(this.#quoteDepth, MAX_QUOTE_DEPTH);
    // A blank line between two depths belongs to the shallower one.
    const blank = "> ".repeat(Math.min(depth, this.#lastDepth)).trimEnd();
    this.#add(`\n${blank}`.repeat(Math.max(0, this.#breaks - 1)));
    this.#add((this.#breaks > 0 ? "\n" : "") + "> ".repeat(depth));
    this.#breaks = 0;
    this.#lastDepth = depth;
  }

  #add(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
  }
}
