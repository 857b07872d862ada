/**
 * Format=flowed text (RFC 3676): paragraphs as lines that end in a space, quote depth by `>`,
 * space-stuffing. Decoding gives one line a paragraph; encoding wraps at 76 columns.
 */

export type FlowedParagraph = { readonly quoteDepth: number; readonly text: string };

/** Paragraphs of a flowed text. With `deleteSpace` (DelSp=yes) the space before a soft break goes too. */
export function decodeFlowed(text: string, options: { deleteSpace: boolean }): FlowedParagraph[] {
  const paragraphs: FlowedParagraph[] = [];
  let open: { quoteDepth: number; pieces: string[] } | undefined;
  const close = (): void => {
    if (open) paragraphs.push({ quoteDepth: open.quoteDepth, text: open.pieces.join("") });
    open = undefined;
  };
  for (const line of splitLines(text)) {
    let quoteDepth = 0;
    while (line[quoteDepth] === ">") quoteDepth++;
    let content = line.slice(quoteDepth);
    if (content.startsWith(" ")) content = content.slice(1);
    // RFC 3676 §4.3: the signature separator is a line of its own, never flowed.
    const isSignature = content === "-- ";
    const isFlowed = content.endsWith(" ") && !isSignature;
    if (open && (open.quoteDepth !== quoteDepth || isSignature)) close();
    open ??= { quoteDepth, pieces: [] };
    open.pieces.push(isFlowed && options.deleteSpace ? content.slice(0, -1) : content);
    if (!isFlowed) close();
  }
  close();
  return paragraphs;
}

/** The text of a flowed body with `> ` before quoted paragraphs. */
export function unflow(text: string, options: { deleteSpace: boolean }): string {
  return decodeFlowed(text, options)
    .map(({ quoteDepth, text: content }) => {
      if (quoteDepth === 0) return content;
      return content === "" ? ">".repeat(quoteDepth) : `${">".repeat(quoteDepth)} ${content}`;
    })
    .join("\n");
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

const WIDTH = 76;

export function encodeFlowed(paragraphs: readonly FlowedParagraph[]): string {
  return paragraphs.map((paragraph) => `${encodeParagraph(paragraph).join("\r\n")}\r\n`).join("");
}

/** Plain text (one line a paragraph, `> ` for quotes) as a flowed body. */
export function flow(text: string): string {
  return encodeFlowed(
    splitLines(text).map((line) => {
      const quotes = /^(?:> ?)*/.exec(line)?.[0] ?? "";
      const quoteDepth = quotes.replaceAll(" ", "").length;
      return { quoteDepth, text: line.slice(quotes.length) };
    }),
  );
}

function encodeParagraph({ quoteDepth, text }: FlowedParagraph): string[] {
  const prefix = ">".repeat(quoteDepth);
  // Trailing space would make a fixed line flow on; only the signature line keeps its own.
  const content = text === "-- " ? text : text.trimEnd();
  const lines = content === "-- " ? [content] : wrap(content, Math.max(20, WIDTH - quoteDepth - 2));
  return lines.map((line) => {
    const isStuffed = quoteDepth > 0 ? line !== "" : /^(?: |>|From )/.test(line);
    return `${prefix}${isStuffed ? " " : ""}${line}`;
  });
}

/**
 * Breaks after spaces, which stay at the line's end as the mark of a soft break. A word that is too
 * long stays whole: where it is longer than SMTP carries, the transfer encoding breaks it.
 */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    let at = rest.lastIndexOf(" ", width);
    if (at <= 0) at = rest.indexOf(" ", width);
    // A soft break before more spaces would be undone: the next line is stuffed, so that is fine.
    if (at === -1 || at + 1 >= rest.length) break;
    lines.push(rest.slice(0, at + 1));
    rest = rest.slice(at + 1);
  }
  lines.push(rest);
  return lines;
}
