/**
 * Mailboxes as a Maildir++ that Dovecot, Courier and mutt read: INBOX is the folder itself, others
 * are `.Name.Below` in modified UTF-7. Each message is written to `tmp`, synced and renamed.
 */

import { mkdir, open, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MailError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import { encodeModifiedUtf7 } from "../../imap/modified-utf7.ts";
import { formatMaildirName, MAX_LETTERED_KEYWORDS } from "../../message/maildir/maildir-name.ts";
import { unixLines } from "../../message/mbox/line-ends.ts";
import type { MailTarget, OutgoingMessage, TargetMailbox } from "../mail-source.ts";
import { throwFileError } from "../../base/file-error.ts";
import { isLongFileName } from "./level-name.ts";

export class MaildirTarget implements MailTarget {
  readonly #path: string;
  readonly #random: Random;
  readonly #nowMs: number;
  readonly #onProblem: (where: string, problem: string) => void;

  constructor(
    path: string,
    { random, nowMs }: { readonly random: Random; readonly nowMs: number },
    onProblem: (where: string, problem: string) => void,
  ) {
    this.#path = path;
    this.#random = random;
    this.#nowMs = nowMs;
    this.#onProblem = onProblem;
  }

  async openMailbox(name: string, keywords: readonly string[]): Promise<TargetMailbox> {
    const folder = name === "INBOX" ? this.#path : join(this.#path, maildirFolder(name));
    for (const part of ["tmp", "new", "cur"]) {
      const path = join(folder, part);
      await mkdir(path, { recursive: true, mode: 0o700 }).catch(throwFileError(path));
    }
    if (name !== "INBOX") await writeText(join(folder, "maildirfolder"), "");
    // `$Forwarded` has a letter of its own.
    const lettered = keywords.filter((keyword) => keyword.toLowerCase() !== "$forwarded");
    if (lettered.length > MAX_LETTERED_KEYWORDS) {
      const lost = lettered.slice(MAX_LETTERED_KEYWORDS).join(" ");
      this.#onProblem(folder, `a Maildir has room for 26 keywords; left out: ${lost}`);
    }
    const numbered = lettered.slice(0, MAX_LETTERED_KEYWORDS);
    if (numbered.length > 0) {
      const lines = numbered.map((keyword, n) => `${n} ${keyword}\n`).join("");
      await writeText(join(folder, "dovecot-keywords"), lines);
    }
    return new MaildirWriter(folder, numbered, this.#random, Math.floor(this.#nowMs / 1000));
  }

  /** In Dovecot's form. */
  async finish(subscriptions: readonly string[]): Promise<void> {
    const lines = subscriptions.map((name) => `${name.replaceAll("/", "\t")}\n`).join("");
    await writeText(join(this.#path, "subscriptions"), `V\t2\n\n${lines}`);
  }
}

/** Levels are divided by dots; a dot within one is written as Dovecot's listescape does (security row 86). */
export function maildirFolder(name: string): string {
  const levels = name
    .split("/")
    .map((level) =>
      encodeModifiedUtf7(level.replaceAll("\\", "\\5c").replaceAll(".", "\\2e")).replace(
        /^~/,
        "\\7e",
      ),
    );
  const folder = `.${levels.join(".")}`;
  if (isLongFileName(folder)) {
    throw new MailError("refused", `the name of ${name} is too long for a Maildir`);
  }
  return folder;
}

class MaildirWriter implements TargetMailbox {
  readonly #folder: string;
  readonly #keywords: readonly string[];
  readonly #random: Random;

  readonly #seconds: number;

  constructor(folder: string, keywords: readonly string[], random: Random, seconds: number) {
    this.#folder = folder;
    this.#keywords = keywords;
    this.#random = random;
    this.#seconds = seconds;
  }

  async add({ uid, content, flags, dateMs, sizeOctets }: OutgoingMessage): Promise<void> {
    // One time for all and the UID in ten digits: readers order by name, and so keep our order.
    const order = String(uid).padStart(10, "0");
    const chance = Buffer.from(this.#random.bytes(8)).toString("hex");
    const unique = `${this.#seconds}.U${order}R${chance}.posthorn`;
    const temporary = join(this.#folder, "tmp", unique);
    const file = await open(temporary, "wx", 0o600).catch(throwFileError(temporary));
    let fileOctets = 0;
    try {
      try {
        for await (const piece of unixLines(content())) {
          await file.appendFile(piece);
          fileOctets += piece.length;
        }
        await file.utimes(dateMs / 1000, dateMs / 1000);
        await file.sync();
      } finally {
        await file.close();
      }
      const named = `${unique},S=${fileOctets},W=${sizeOctets}`;
      await rename(
        temporary,
        join(this.#folder, "cur", formatMaildirName(named, flags, this.#keywords)),
      );
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throwFileError(temporary)(error);
    }
  }

  async finish(): Promise<void> {
    const folder = await open(join(this.#folder, "cur"), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async close(): Promise<void> {}
}

async function writeText(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: "wx", mode: 0o600 }).catch(throwFileError(path));
}
