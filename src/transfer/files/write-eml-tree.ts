/** Mailboxes as folders of .eml files, octet for octet, with `flags.jsonl` beside them. */

import { mkdir, open, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { MailError } from "../../base/errors.ts";
import { fieldText, findField, parseHeader } from "../../message/header.ts";
import { decodeWords } from "../../message/encoded-word.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { MailTarget, OutgoingMessage, TargetMailbox } from "../mail-source.ts";
import { FLAGS_FILE, formatEmlFacts, SUBSCRIPTIONS_FILE } from "./eml-flags.ts";
import { throwFileError } from "../../base/file-error.ts";
import { fileNameOf, isLongFileName } from "./level-name.ts";

const HEAD_OCTETS = 64 * 1024;
const MAX_SLUG = 60;

export class EmlTarget implements MailTarget {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async openMailbox(name: string): Promise<TargetMailbox> {
    const levels = name.split("/").map(fileNameOf);
    if (levels.some(isLongFileName)) {
      throw new MailError("refused", `the name of ${name} is too long for a folder`);
    }
    const folder = join(this.#path, ...levels);
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch(throwFileError(folder));
    const facts = join(folder, FLAGS_FILE);
    return new EmlWriter(folder, await open(facts, "wx", 0o600).catch(throwFileError(facts)));
  }

  async finish(subscriptions: readonly string[]): Promise<void> {
    const path = join(this.#path, SUBSCRIPTIONS_FILE);
    const text = `${JSON.stringify(subscriptions)}\n`;
    await mkdir(this.#path, { recursive: true, mode: 0o700 }).catch(throwFileError(path));
    await writeFile(path, text, { flag: "wx", mode: 0o600 }).catch(throwFileError(path));
  }
}

class EmlWriter implements TargetMailbox {
  readonly #folder: string;
  readonly #facts: FileHandle;

  constructor(folder: string, facts: FileHandle) {
    this.#folder = folder;
    this.#facts = facts;
  }

  async add({ uid, content, flags, dateMs }: OutgoingMessage): Promise<void> {
    const file = `${uid}${await slugOf(content())}.eml`;
    const path = join(this.#folder, file);
    const part = `${path}.part`;
    const handle = await open(part, "wx", 0o600).catch(throwFileError(part));
    let sizeOctets = 0;
    try {
      for await (const piece of content()) {
        await handle.appendFile(piece);
        sizeOctets += piece.length;
      }
      await handle.utimes(dateMs / 1000, dateMs / 1000);
    } catch (error) {
      await rm(part, { force: true });
      throwFileError(path)(error);
    } finally {
      await handle.close();
    }
    await rename(part, path).catch(throwFileError(path));
    await this.#facts
      .appendFile(formatEmlFacts({ file, sizeOctets, flags, dateMs }))
      .catch(throwFileError(path));
  }

  async finish(): Promise<void> {
    await this.#facts.sync();
  }

  async close(): Promise<void> {
    await this.#facts.close();
  }
}

/** `-weekly-report`: letters and digits of the subject, which is a stranger's. */
async function slugOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const head: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    head.push(chunk);
    size += chunk.length;
    if (size >= HEAD_OCTETS) break;
  }
  const octets = concatBytes([...head, new Uint8Array(0)]).subarray(0, HEAD_OCTETS);
  const field = findField(parseHeader(octets), "subject");
  const slug = decodeWords(field === undefined ? "" : fieldText(octets, field))
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  const short = slug.slice(0, MAX_SLUG).toWellFormed().replaceAll("\ufffd", "");
  return short === "" || isLongFileName(short) ? "" : `-${short}`;
}
