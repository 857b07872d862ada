/**
 * Repair as a person asks for it: look, save what can be saved of damaged messages, put the rows in
 * order, look again. Nothing is deleted from the disk: files that no row knows, and what is left of
 * damaged messages, are put into `lost/` in the data folder.
 */

import { copyFile, mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { counted } from "../../base/counted.ts";
import { MailError } from "../../base/errors.ts";
import type { RepairReport, StoreProblem } from "../contract.ts";
import { checkStore } from "./check-store.ts";
import { Database } from "./database.ts";
import { readDamaged } from "./read-damaged.ts";
import type { AnswerOf, RequestOf } from "./requests.ts";
import type { StoreFolders } from "./store-files.ts";

type Write = (request: RequestOf<"repair">) => Promise<AnswerOf<"repair">>;

export async function repairStore(
  folders: StoreFolders,
  write: Write,
  progress?: (done: number, total: number) => void,
): Promise<RepairReport> {
  const before = await checkStore(folders, progress);
  if (before.length === 0) return { before, done: [], after: [] };
  const broken = before.find(({ where }) => where === "database");
  if (broken !== undefined) {
    throw new MailError(
      "store-corrupt",
      `the database file itself is damaged (${broken.problem}): restore posthorn.db from a backup; segments/ still has the octets`,
    );
  }
  const lost = before.flatMap(({ messageId }) => (messageId === undefined ? [] : [messageId]));
  const done: string[] = [];
  const folder = join(folders.folder, "lost");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const id of lost) {
    const saved = await saveDamaged(folders, folder, id);
    if (saved !== undefined) done.push(saved);
  }
  const short = await shortSegments(folders);
  const { expunged, held, forgotten, quoteless } = await write({ lost, short });
  for (const { mailboxId, uid } of expunged) {
    done.push(`mailbox ${mailboxId}: message with UID ${uid} taken out, its octets are lost`);
  }
  if (held > 0) {
    done.push(
      `${counted(held, "queued recipient")} of damaged messages ${held === 1 ? "is" : "are"} held: posthorn queue list --state held shows them, posthorn queue delete discards them`,
    );
  }
  for (const { queueId, sender, recipient } of forgotten) {
    done.push(`queue ${queueId}: mail from <${sender}> to <${recipient}> is lost and forgotten`);
  }
  for (const queueId of quoteless) {
    done.push(
      `queue ${queueId}: the report owed to its sender goes out without the message's text`,
    );
  }
  for (const problem of before) {
    const moved = await setAside(folders, folder, problem);
    if (moved !== undefined) done.push(moved);
  }
  if (before.some(({ kind }) => kind === "counter-differs")) done.push("counters counted anew");
  return { before, done, after: await checkStore(folders, progress) };
}

async function saveDamaged(
  folders: StoreFolders,
  folder: string,
  id: number,
): Promise<string | undefined> {
  const octets = await readDamaged(folders, id);
  if (octets === undefined || octets.length === 0) return undefined;
  const file = `message-${id}.eml`;
  await writeFile(join(folder, file), octets, { mode: 0o600 });
  return `what is left of message ${id} is in lost/${file}`;
}

async function shortSegments(folders: StoreFolders): Promise<RequestOf<"repair">["short"]> {
  const database = Database.openForReading(folders.database);
  try {
    const rows = database.all<{ file: string; length: number }>(
      "SELECT file, length_octets AS length FROM segment",
    );
    const short: { file: string; octets: number }[] = [];
    for (const { file, length } of rows) {
      const octets = await stat(join(folders.segments, file)).then(
        ({ size }) => size,
        () => 0,
      );
      if (octets < length) short.push({ file, octets });
    }
    return short;
  } finally {
    database.close();
  }
}

async function setAside(
  folders: StoreFolders,
  folder: string,
  problem: StoreProblem,
): Promise<string | undefined> {
  if (problem.kind !== "orphan-octets" || problem.file === undefined) return undefined;
  const from = join(folders.segments, problem.file);
  const to = join(folder, problem.file);
  await rename(from, to).catch(() => copyFile(from, to));
  return `segment ${problem.file}, which no row knows, is now in lost/`;
}
