/**
 * Names of commands as mailx documents them: `h[eaders]` is `h`, `he`, `hea`… up to `headers`
 * (POSIX mailx, "Commands").
 */

export type CommandSpelling = { readonly full: string; readonly shortest: number };

/** `h[eaders]` or a name without a short form. */
export function parseSpelling(text: string): CommandSpelling {
  const open = text.indexOf("[");
  return open === -1
    ? { full: text, shortest: text.length }
    : { full: text.replace(/[[\]]/g, ""), shortest: open };
}

export function isSpelledBy(spelling: CommandSpelling, word: string): boolean {
  return word.length >= spelling.shortest && spelling.full.startsWith(word);
}

/** A line cut into its command and the rest: `p3`, `save 1-4 "my file"`, `|less`, `12`, ``. */
export function splitCommandLine(line: string): { readonly word: string; readonly rest: string } {
  const text = line.trim();
  if (text === "") return { word: "next", rest: "" };
  if (/^[\d.^$*:;/`]/.test(text)) return { word: "print", rest: text };
  const match = /^(z[+-]?|[A-Za-z]+|[!|=?#+-])\s*([^]*)$/.exec(text);
  if (match === null) return { word: text, rest: "" };
  if (match[1] === "+" || match[1] === "-") return { word: "print", rest: text };
  return { word: match[1], rest: match[2] };
}

/** Words of an argument line: quotes and backslashes as in mailx; a quote that is not closed ends with the line. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const word = /\s*(?:"((?:[^"\\]|\\.)*)"?|'([^']*)'?|((?:[^\s\\]|\\.)+))/gy;
  for (let match = word.exec(text); match !== null; match = word.exec(text)) {
    const [, double, single, plain] = match;
    words.push(single ?? (double ?? plain).replace(/\\(.)/g, "$1"));
  }
  return words;
}
