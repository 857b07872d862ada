/**
 * A tree of folders with .eml files: a folder is a mailbox, files right at the top are INBOX's. With
 * `flags.jsonl` (which export writes) flags, dates and octets come back exactly; without it, the date
 * is that of the Date field, and line ends become CRLF.
 */

import { join } from "node:path";
import { fieldText, findField, parseHeader } from "../../message/header.ts";
import { parseDate } from "../../message/date.ts";
import { networkLines } from "../../message/mbox/line-ends.ts";
import type { MailSource, SourceMailbox, SourceMessage } from "../mail-source.ts";
import { FLAGS_FILE, parseEmlFacts, SUBSCRIPTIONS_FILE, type EmlFacts } from "./eml-flags.ts";
import { levelOfFileName } from "./level-name.ts";
import {
  fileContent,
  listFolder,
  MAX_DEPTH,
  MAX_FOLDERS,
  readSmallText,
  withFile,
  type DiskFile,
} from "./read-tree.ts";

type OnProblem = (where: string, problem: string) => void;

const MAX_SMALL_FILE = 512 * 1024 * 1024;
const HEAD_OCTETS = 64 * 1024;

export function isEml(name: string): boolean {
  return /\.eml$/i.test(name) && !name.startsWith(".");
}

/** One message in a file of its own. */
export function readEmlFile(path: string): MailSource {
  const messages = async function* (): AsyncGenerator<SourceMessage> {
    yield await messageAt(path, undefined);
  };
  return { mailboxes: [{ name: "INBOX", messages }], subscriptions: undefined };
}

export async function readEmlTree(path: string, onProblem: OnProblem): Promise<MailSource> {
  const mailboxes: SourceMailbox[] = [];
  let folders = 0;
  const visit = async (folder: string, levels: readonly string[]): Promise<void> => {
    if (levels.length > MAX_DEPTH || ++folders > MAX_FOLDERS) {
      return onProblem(folder, "folders are nested too deep or are too many; left out");
    }
    const entries = await listFolder(folder, (name) =>
      onProblem(join(folder, name), "a link or no plain file; left out"),
    );
    const files = entries.filter(({ name, kind }) => kind === "file" && isEml(name));
    const isMailbox = files.length > 0 || entries.some(({ name }) => name === FLAGS_FILE);
    if (isMailbox) {
      const name = levels.length === 0 ? "INBOX" : levels.join("/");
      const names = files.map((file) => file.name).sort(byNumber);
      mailboxes.push({ name, messages: () => messagesOf(folder, names, onProblem) });
    }
    for (const { name, kind } of entries) {
      if (kind !== "folder" || name.startsWith(".")) continue;
      await visit(join(folder, name), [...levels, levelOfFileName(name)]);
    }
  };
  await visit(path, []);
  return { mailboxes, subscriptions: await readSubscriptions(path) };
}

/** `2-a.eml` before `10-b.eml`. */
function byNumber(a: string, b: string): number {
  const numbers = [a, b].map((name) => Number.parseInt(name, 10));
  if (numbers.some(Number.isNaN) || numbers[0] === numbers[1]) return a < b ? -1 : 1;
  return numbers[0] - numbers[1];
}

async function* messagesOf(
  folder: string,
  names: readonly string[],
  onProblem: OnProblem,
): AsyncGenerator<SourceMessage> {
  const text = await readSmallText(join(folder, FLAGS_FILE), MAX_SMALL_FILE);
  const facts = parseEmlFacts(text ?? "");
  for (const name of names) {
    const path = join(folder, name);
    try {
      yield await messageAt(path, facts.get(name));
    } catch (error) {
      onProblem(path, error instanceof Error ? error.message : "it cannot be read");
    }
  }
}

async function messageAt(path: string, facts: EmlFacts | undefined): Promise<SourceMessage> {
  return withFile(path, async (file) => {
    const { sizeOctets } = file;
    if (facts !== undefined && facts.sizeOctets === sizeOctets) {
      const { flags, dateMs } = facts;
      return { where: path, sizeOctets, flags, dateMs, content: () => fileContent(path) };
    }
    return {
      where: path,
      sizeOctets,
      flags: facts?.flags ?? [],
      dateMs: facts?.dateMs ?? (await dateOf(file)),
      content: () => networkLines(fileContent(path)),
    };
  });
}

/** A file that was copied about has a time that says nothing. */
async function dateOf(file: DiskFile): Promise<number> {
  const octets = await file.read(0, HEAD_OCTETS);
  const field = findField(parseHeader(octets), "date");
  return (field && parseDate(fieldText(octets, field))?.epochMs) ?? file.mtimeMs;
}

async function readSubscriptions(path: string): Promise<string[] | undefined> {
  const text = await readSmallText(join(path, SUBSCRIPTIONS_FILE), MAX_SMALL_FILE);
  if (text === undefined) return undefined;
  try {
    const names: unknown = JSON.parse(text);
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : undefined;
  } catch {
    return undefined;
  }
}
