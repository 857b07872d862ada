/**
 * Finds the messages of an mbox, front to back, however large it is: only a window of the file is
 * held. A Content-Length is believed when a From_ line or the end of the file follows where it says
 * (many programs leave a wrong one behind); otherwise a line `From someone date` begins the next
 * message.
 */

import { decodeLatin1, encodeLatin1, indexOfBytes } from "../../base/bytes.ts";
import { MAX_FROM_LINE, parseFromLine, type FromLine } from "./from-line.ts";
import { FileWindow, PIECE_OCTETS, type MboxFile } from "./mbox-file.ts";
import { splitHeader } from "./status-fields.ts";

export type MboxEntry = {
  /** Where its From_ line begins in the file. */
  readonly at: number;
  readonly sender: string;
  readonly atMs: number | undefined;
  /** The message, as it stands in the file. */
  readonly start: number;
  readonly end: number;
  /** Its Content-Length was right. */
  readonly isCounted: boolean;
};

const LF = 10;
const CR = 13;
const LINE_FROM = encodeLatin1("\nFrom ");
const FROM_LINE_ROOM = MAX_FROM_LINE + 8;
// Fields behind that are not looked at for a length.
const HEADER_ROOM = 64 * 1024;

/** Where the file does not begin with a From_ line, there are no entries: `isMbox` tells beforehand. */
export async function* scanEntries(
  file: MboxFile,
  options: { readonly useContentLength: boolean; readonly from?: number },
): AsyncGenerator<MboxEntry> {
  const scanner = new Scanner(file, options.useContentLength);
  let at = options.from ?? (await scanner.firstLine());
  while (at < file.sizeOctets) {
    const found = await scanner.entryAt(at);
    if (found === undefined) return;
    yield found.entry;
    at = found.next;
  }
}

/** Whether it begins as an mbox does: perhaps blank lines, then a From_ line. */
export async function isMbox(file: MboxFile): Promise<boolean> {
  const scanner = new Scanner(file, false);
  return (await scanner.fromLineAt(await scanner.firstLine())) !== undefined;
}

type Boundary = { readonly end: number; readonly next: number; readonly isCounted: boolean };

class Scanner {
  readonly #file: MboxFile;
  readonly #window: FileWindow;
  readonly #useContentLength: boolean;

  constructor(file: MboxFile, useContentLength: boolean) {
    this.#file = file;
    this.#window = new FileWindow(file);
    this.#useContentLength = useContentLength;
  }

  /** Behind blank lines at the beginning. */
  async firstLine(): Promise<number> {
    const octets = await this.#window.from(0, FROM_LINE_ROOM);
    let at = 0;
    while (at < octets.length && (octets[at] === LF || octets[at] === CR)) at++;
    return at;
  }

  async fromLineAt(at: number): Promise<(FromLine & { readonly end: number }) | undefined> {
    return fromLineIn(await this.#window.from(at, FROM_LINE_ROOM), at);
  }

  async entryAt(at: number): Promise<{ entry: MboxEntry; next: number } | undefined> {
    const line = await this.fromLineAt(at);
    if (line === undefined) return undefined;
    const { sender, atMs, end: start } = line;
    const counted = this.#useContentLength ? await this.#countedEnd(start) : undefined;
    const { end, next, isCounted } = counted ?? (await this.#nextFromLine(start));
    return { entry: { at, sender, atMs, start, end, isCounted }, next };
  }

  async #countedEnd(start: number): Promise<Boundary | undefined> {
    const head = (await this.#window.from(start, HEADER_ROOM)).subarray(0, HEADER_ROOM);
    const { fields, bodyStart } = splitHeader(head);
    const length = fields.find(({ name }) => name === "content-length")?.value ?? "";
    if (bodyStart === undefined || !/^\d{1,15}$/.test(length)) return undefined;
    const end = start + bodyStart + Number(length);
    if (end > this.#file.sizeOctets) return undefined;
    // Not through the window, which a wrong length would move to and fro.
    const after = await this.#file.read(end, end + FROM_LINE_ROOM);
    let at = 0;
    for (let lines = 0; lines < 2 && at < after.length; lines++) {
      if (after[at] === CR && after[at + 1] === LF) at += 2;
      else if (after[at] === LF) at++;
    }
    const isEnd = end + at === this.#file.sizeOctets;
    if (!isEnd && fromLineIn(after.subarray(at), end + at) === undefined) return undefined;
    // A length that is short by what follows would end in the middle of a line.
    if (at === 0 && !isEnd) return undefined;
    return { end, next: end + at, isCounted: true };
  }

  async #nextFromLine(start: number): Promise<Boundary> {
    // The line end of our own From_ line may be the one before the next.
    let at = start - 1;
    for (;;) {
      const octets = await this.#window.from(at, PIECE_OCTETS);
      const found = indexOfBytes(octets, LINE_FROM);
      if (found === -1) {
        if (at + octets.length >= this.#file.sizeOctets) break;
        at += octets.length - LINE_FROM.length + 1;
        continue;
      }
      const next = at + found + 1;
      const line = await this.fromLineAt(next);
      const isBlankBefore = await this.#isBlankLineBefore(start, next);
      if (line !== undefined && (line.atMs !== undefined || isBlankBefore)) {
        return { end: await this.#withoutBlankLine(start, next), next, isCounted: false };
      }
      at = next;
    }
    const size = this.#file.sizeOctets;
    return { end: await this.#withoutBlankLine(start, size), next: size, isCounted: false };
  }

  async #isBlankLineBefore(start: number, end: number): Promise<boolean> {
    return (await this.#withoutBlankLine(start, end)) < end;
  }

  /** `end`, or where the blank line before it begins. */
  async #withoutBlankLine(start: number, end: number): Promise<number> {
    // From the end of the From_ line on, which ends in LF.
    const from = Math.max(start - 1, end - 3);
    const tail = await this.#file.read(from, end);
    const size = tail.length;
    if (size < 2 || tail[size - 1] !== LF) return end;
    if (tail[size - 2] === LF) return end - 1;
    return size === 3 && tail[size - 2] === CR && tail[0] === LF ? end - 2 : end;
  }
}

function fromLineIn(
  octets: Uint8Array,
  at: number,
): (FromLine & { readonly end: number }) | undefined {
  const lineEnd = octets.indexOf(LF);
  const end = lineEnd === -1 ? octets.length : lineEnd + 1;
  if (end > FROM_LINE_ROOM) return undefined;
  const line = parseFromLine(decodeLatin1(octets, 0, end).replace(/\r?\n$/, ""));
  return line && { ...line, end: at + end };
}
