/**
 * A Maildir with its mailboxes: Maildir++ (`.Sub.Folder` beside `cur`), and the tree of plain folders
 * that Dovecot calls LAYOUT=fs. Flags come from the file names, keywords by `dovecot-keywords`, dates
 * from the files' times. Nothing is changed: what lies in `new` stays there.
 */

import { join } from "node:path";
import { decodeModifiedUtf7 } from "../../imap/modified-utf7.ts";
import { flagsOfMaildirName } from "../../message/maildir/maildir-name.ts";
import { networkLines } from "../../message/mbox/line-ends.ts";
import type { MailSource, SourceMailbox, SourceMessage } from "../mail-source.ts";
import {
  fileContent,
  listFolder,
  MAX_DEPTH,
  MAX_FOLDERS,
  readSmallText,
  withFile,
  type Entry,
} from "./read-tree.ts";

type OnProblem = (where: string, problem: string) => void;

const MAX_SMALL_FILE = 4 * 1024 * 1024;

export async function readMaildir(path: string, onProblem: OnProblem): Promise<MailSource> {
  const mailboxes: SourceMailbox[] = [];
  let folders = 0;
  const visit = async (folder: string, levels: readonly string[]): Promise<void> => {
    if (levels.length > MAX_DEPTH || ++folders > MAX_FOLDERS) {
      return onProblem(folder, "folders are nested too deep or are too many; left out");
    }
    const entries = await listFolder(folder, (name) =>
      onProblem(join(folder, name), "a link or no plain file; left out"),
    );
    const name = levels.length === 0 ? "INBOX" : levels.join("/");
    if (isMaildir(entries)) {
      mailboxes.push({ name, messages: () => messagesOf(folder, onProblem) });
    }
    for (const { name: inner, kind } of entries) {
      if (kind !== "folder" || /^(?:cur|new|tmp|\.|\.\.)$/.test(inner)) continue;
      const isDotted = inner.startsWith(".");
      if (isDotted && levels.length > 0) continue;
      const below = isDotted ? inner.slice(1).split(".").map(levelOf) : [levelOf(inner)];
      if (below.every((level) => level !== ""))
        await visit(join(folder, inner), [...levels, ...below]);
    }
  };
  await visit(path, []);
  return { mailboxes, subscriptions: await readSubscriptions(path) };
}

export function isMaildir(entries: readonly Entry[]): boolean {
  return entries.some(({ name, kind }) => kind === "folder" && name === "cur");
}

/** Modified UTF-7 as Dovecot and Courier write it, UTF-8 as others do; `\2e` as Dovecot's listescape does. */
function levelOf(fileName: string): string {
  const plain = decodeModifiedUtf7(fileName) ?? fileName;
  return plain.replace(/\\(2e|2f|5c|7e)/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

async function* messagesOf(folder: string, onProblem: OnProblem): AsyncGenerator<SourceMessage> {
  const keywords = await readKeywords(folder);
  for (const part of ["cur", "new"]) {
    const path = join(folder, part);
    const entries = await listFolder(path, (name) =>
      onProblem(join(path, name), "a link or no plain file; left out"),
    ).catch(() => []);
    for (const { name, kind } of entries) {
      if (kind !== "file" || name.startsWith(".")) continue;
      const where = join(path, name);
      try {
        yield await messageAt(where, part === "cur" ? flagsOfMaildirName(name, keywords) : []);
      } catch (error) {
        // Another program may rename it at any time.
        onProblem(where, error instanceof Error ? error.message : "it cannot be read");
      }
    }
  }
}

async function messageAt(path: string, flags: readonly string[]): Promise<SourceMessage> {
  const { sizeOctets, mtimeMs } = await withFile(path, async (file) => file);
  const content = (): AsyncIterable<Uint8Array> => networkLines(fileContent(path));
  return { where: path, sizeOctets, flags, dateMs: mtimeMs, content };
}

/** Lines `0 name`: which keyword is `a`, which `b`. */
async function readKeywords(folder: string): Promise<string[]> {
  const text = (await readSmallText(join(folder, "dovecot-keywords"), MAX_SMALL_FILE)) ?? "";
  const keywords: string[] = [];
  for (const line of text.split("\n")) {
    const match = /^(\d{1,2}) (\S+)$/.exec(line.trim());
    if (match !== null) keywords[Number(match[1])] = match[2];
  }
  return keywords;
}

/** Dovecot's file, old (names) and new (levels by tab), or Courier's. */
async function readSubscriptions(path: string): Promise<string[] | undefined> {
  const dovecot = await readSmallText(join(path, "subscriptions"), MAX_SMALL_FILE);
  const courier = await readSmallText(join(path, "courierimapsubscribed"), MAX_SMALL_FILE);
  const text = dovecot ?? courier;
  if (text === undefined) return undefined;
  const isNew = /^V\t\d+\n/.test(text);
  const lines = text.split("\n").filter((line) => line !== "" && !/^V\t\d+$/.test(line));
  return lines.map((line) => {
    const levels = line.replace(/^INBOX\.(?=.)/, "").split(isNew ? "\t" : /[./]/);
    return levels.map(levelOf).join("/");
  });
}
