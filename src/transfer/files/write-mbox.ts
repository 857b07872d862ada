/**
 * Mailboxes as files of mbox: `Name` for the mailbox and `Name.sbd/` for what is below it, as
 * Thunderbird has it. A file gets its name when it is complete.
 */

import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { concatBytes, decodeLatin1 } from "../../base/bytes.ts";
import { MailError } from "../../base/errors.ts";
import type { MboxDialect } from "../../message/mbox/dialect.ts";
import { writeEntry } from "../../message/mbox/write-entry.ts";
import type { MailTarget, OutgoingMessage, TargetMailbox } from "../mail-source.ts";
import { throwFileError } from "../../base/file-error.ts";
import { fileNameOf, isLongFileName } from "./level-name.ts";

const HELD_OCTETS = 256 * 1024;
const HEAD_OCTETS = 8 * 1024;

export class MboxTarget implements MailTarget {
  readonly #path: string;
  readonly #dialect: MboxDialect;
  readonly #isOneFile: boolean;

  /** `isOneFile`: `path` becomes the mailbox and no folder. */
  constructor(path: string, dialect: MboxDialect, isOneFile: boolean) {
    this.#path = path;
    this.#dialect = dialect;
    this.#isOneFile = isOneFile;
  }

  async openMailbox(name: string): Promise<TargetMailbox> {
    const path = this.#isOneFile ? this.#path : this.#pathOf(name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(throwFileError(path));
    const part = `${path}.part`;
    const file = await open(part, "wx", 0o600).catch(throwFileError(part));
    return new MboxWriter(file, path, this.#dialect);
  }

  async finish(): Promise<void> {}

  #pathOf(name: string): string {
    const levels = name.split("/").map(fileNameOf);
    if (levels.some(isLongFileName)) {
      throw new MailError("refused", `the name of ${name} is too long for a file`);
    }
    const folders = levels.slice(0, -1).map((level) => `${level}.sbd`);
    return join(this.#path, ...folders, levels[levels.length - 1]);
  }
}

class MboxWriter implements TargetMailbox {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #dialect: MboxDialect;
  #held: Uint8Array[] = [];
  #heldOctets = 0;
  #isFinished = false;

  constructor(file: FileHandle, path: string, dialect: MboxDialect) {
    this.#file = file;
    this.#path = path;
    this.#dialect = dialect;
  }

  async add({ content, flags, dateMs }: OutgoingMessage): Promise<void> {
    const sender = await senderOf(content());
    for await (const piece of writeEntry({
      content,
      sender,
      atMs: dateMs,
      flags,
      dialect: this.#dialect,
    })) {
      this.#held.push(piece);
      this.#heldOctets += piece.length;
      if (this.#heldOctets >= HELD_OCTETS) await this.#write();
    }
  }

  async finish(): Promise<void> {
    await this.#write();
    await this.#file.sync().catch(throwFileError(this.#path));
    await rename(`${this.#path}.part`, this.#path).catch(throwFileError(this.#path));
    this.#isFinished = true;
  }

  async close(): Promise<void> {
    await this.#file.close();
    if (!this.#isFinished) await rm(`${this.#path}.part`, { force: true });
  }

  async #write(): Promise<void> {
    const octets = concatBytes([...this.#held, new Uint8Array(0)]);
    this.#held = [];
    this.#heldOctets = 0;
    await this.#file.appendFile(octets).catch(throwFileError(this.#path));
  }
}

/** By Return-Path, which delivery has put first; none is the empty sender. */
async function senderOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const chunk of content) {
    const head = decodeLatin1(chunk, 0, HEAD_OCTETS);
    return /^Return-Path:\s*<([!-~]{1,320})>/im.exec(head.split("\r\n\r\n", 1)[0])?.[1] ?? "";
  }
  return "";
}
