/**
 * What a copy between an account and another server has done: which UID there is which UID here, with
 * the flags that were agreed on. A file of lines that is only added to, each batch synced; a line that
 * was cut off by a crash is as if it had never been. Lies in `transfers/` of the data folder.
 */

import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { MailError } from "../../base/errors.ts";
import { releaseProcessLock, takeProcessLock } from "../../net/process-lock.ts";
import { throwFileError } from "../../base/file-error.ts";

export type CopiedMessage = {
  /** At the source, and at the target: 0 where the target does not tell. */
  readonly from: number;
  readonly to: number;
  /** Of the source when last looked at. */
  readonly flags: string;
};

export type CopiedMailbox = {
  /** UIDVALIDITY of both sides: when one changes, the UIDs mean nothing any more. */
  readonly fromValidity: number;
  readonly toValidity: number;
  readonly to: string;
  /** The source's HIGHESTMODSEQ up to which everything was seen. */
  modSeq: number | undefined;
  readonly messages: Map<number, CopiedMessage>;
};

type Line =
  | { b: string; fv: number; tv: number; to: string }
  | { b: string; m: [number, number, string][] }
  | { b: string; s: number };

export class CopyJournal {
  readonly #path: string;
  readonly #file: FileHandle | undefined;
  readonly #mailboxes = new Map<string, CopiedMailbox>();

  private constructor(path: string, file: FileHandle | undefined) {
    this.#path = path;
    this.#file = file;
  }

  /** `key` names direction, server and account. Rejects with `refused` while another process uses it. */
  static async open(dataFolder: string, key: string, isDryRun: boolean): Promise<CopyJournal> {
    const folder = join(dataFolder, "transfers");
    const name = createHash("sha256").update(key).digest("hex").slice(0, 32);
    const path = join(folder, `${name}.jsonl`);
    if (isDryRun) {
      const journal = new CopyJournal(path, undefined);
      journal.#read(await textAt(path));
      return journal;
    }
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch(throwFileError(folder));
    await takeProcessLock(`${path}.lock`, "another copy of the same mail");
    const before = new CopyJournal(path, undefined);
    before.#read(await textAt(path));
    // Written anew at each start: without what was overtaken since, and without a half line.
    const fresh = await open(`${path}.new`, "w", 0o600).catch(throwFileError(path));
    await fresh.appendFile(
      before
        .#lines()
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(""),
    );
    await fresh.sync();
    await rename(`${path}.new`, path).catch(throwFileError(path));
    const journal = new CopyJournal(path, fresh);
    for (const [box, state] of before.#mailboxes) journal.#mailboxes.set(box, state);
    return journal;
  }

  /** Undefined also when one of the two mailboxes is another than it was. */
  mailbox(
    box: string,
    fromValidity: number,
    toValidity: number,
    to: string,
  ): CopiedMailbox | undefined {
    const state = this.#mailboxes.get(box);
    if (state?.fromValidity !== fromValidity || state.toValidity !== toValidity) return undefined;
    return state.to === to ? state : undefined;
  }

  async begin(
    box: string,
    fromValidity: number,
    toValidity: number,
    to: string,
  ): Promise<CopiedMailbox> {
    const line = { b: box, fv: fromValidity, tv: toValidity, to };
    this.#apply(line);
    await this.#write([line]);
    const state = this.#mailboxes.get(box);
    if (state === undefined) throw new MailError("refused", `${box} cannot be noted`);
    return state;
  }

  /** Resolves when it is on disk. */
  async copied(box: string, messages: readonly CopiedMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const m = messages.map(({ from, to, flags }): [number, number, string] => [from, to, flags]);
    this.#apply({ b: box, m });
    await this.#write([{ b: box, m }]);
  }

  async seen(box: string, modSeq: number): Promise<void> {
    this.#apply({ b: box, s: modSeq });
    await this.#write([{ b: box, s: modSeq }]);
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close();
    await releaseProcessLock(`${this.#path}.lock`);
  }

  #read(text: string): void {
    for (const line of text.split("\n")) {
      const value = parseLine(line);
      if (value !== undefined) this.#apply(value);
    }
  }

  #apply(line: Line): void {
    if ("fv" in line) {
      const { b, fv: fromValidity, tv: toValidity, to } = line;
      const fresh = { fromValidity, toValidity, to, modSeq: undefined, messages: new Map() };
      this.#mailboxes.set(b, fresh);
      return;
    }
    const state = this.#mailboxes.get(line.b);
    if (state === undefined) return;
    if ("s" in line) state.modSeq = line.s;
    else for (const [from, to, flags] of line.m) state.messages.set(from, { from, to, flags });
  }

  #lines(): Line[] {
    return [...this.#mailboxes].flatMap(([b, state]): Line[] => {
      const { fromValidity: fv, toValidity: tv, to, modSeq, messages } = state;
      const m = [...messages.values()].map((it): [number, number, string] => [
        it.from,
        it.to,
        it.flags,
      ]);
      const seen: Line[] = modSeq === undefined ? [] : [{ b, s: modSeq }];
      return [{ b, fv, tv, to }, { b, m }, ...seen];
    });
  }

  async #write(lines: readonly Line[]): Promise<void> {
    if (this.#file === undefined) return;
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    await this.#file.appendFile(text).catch(throwFileError(this.#path));
    await this.#file.datasync().catch(throwFileError(this.#path));
  }
}

function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "b" in value
      ? (value as Line)
      : undefined;
  } catch {
    return undefined;
  }
}

async function textAt(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    return throwFileError(path)(error);
  });
}
