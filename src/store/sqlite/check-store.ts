/**
 * `posthorn doctor store`: every row against its octets, every counter against its rows. Reads on a
 * connection of its own, in one snapshot, in small steps with pauses, so that a running server goes on.
 */

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { equalBytes } from "../../base/bytes.ts";
import type { StoreProblem } from "../contract.ts";
import { UNHELD } from "./bury-messages.ts";
import { Database } from "./database.ts";
import { unpack } from "./packed-octets.ts";
import type { StoreFolders } from "./store-files.ts";

type MessageRow = {
  readonly id: number;
  readonly file: string | null;
  readonly start: number;
  readonly size: number;
  /** Its length in the segment if it is packed there. */
  readonly packed: number | null;
  readonly sha256: Uint8Array;
};

const PAGE = 500;
const READ_OCTETS = 1 << 20;

const MESSAGE = `SELECT message.id, file, start, size_octets AS size, packed_octets AS packed, sha256
  FROM message LEFT JOIN segment ON segment.id = segment_id`;
const MESSAGES = `${MESSAGE} WHERE message.id > ?
  ORDER BY message.id LIMIT ${PAGE}`;

/** Each finds rows that contradict others: what kind, and a query for where and what. */
const CONTRADICTIONS: readonly (readonly [kind: string, sql: string])[] = [
  [
    "orphan-octets",
    `SELECT 'message ' || message.id AS place, 'nothing holds it' AS problem FROM message
     WHERE ${UNHELD} AND NOT EXISTS (SELECT 1 FROM released_message WHERE message_id = message.id)`,
  ],
  [
    "counter-differs",
    `SELECT 'mailbox ' || mailbox.id AS place, 'its counters are not those of its messages' AS problem
     FROM mailbox LEFT JOIN (SELECT mailbox_id, count(*) AS n, sum(size_octets) AS size,
       sum((flags & 1) = 0) AS unseen, sum((flags & 8) <> 0) AS deleted, max(uid) AS last,
       max(mod_seq) AS top FROM entry GROUP BY mailbox_id) AS found ON mailbox_id = mailbox.id
     WHERE messages <> coalesce(n, 0) OR mailbox.size_octets <> coalesce(size, 0)
       OR mailbox.unseen <> coalesce(found.unseen, 0) OR mailbox.deleted <> coalesce(found.deleted, 0)
       OR uid_next <= coalesce(last, 0) OR highest_mod_seq < coalesce(top, 0)`,
  ],
  [
    "counter-differs",
    `SELECT 'domain ' || domain_id AS place, 'its usage is not that of its accounts' AS problem
     FROM domain_state LEFT JOIN (SELECT account.domain_id AS id, sum(used_octets) AS octets,
       sum(used_messages) AS messages FROM account JOIN account_state ON account_id = account.id
       GROUP BY account.domain_id) AS found ON found.id = domain_id
     WHERE used_octets <> coalesce(octets, 0) OR used_messages <> coalesce(messages, 0)`,
  ],
  [
    "counter-differs",
    `SELECT 'account ' || account_id AS place, 'its usage or MODSEQ is not that of its mailboxes' AS problem
     FROM account_state WHERE used_octets <> (SELECT coalesce(sum(size_octets), 0) FROM mailbox
       WHERE mailbox.account_id = account_state.account_id) OR used_messages <>
       (SELECT coalesce(sum(messages), 0) FROM mailbox WHERE mailbox.account_id = account_state.account_id)
       OR mod_seq < (SELECT coalesce(max(highest_mod_seq), 0) FROM mailbox
       WHERE mailbox.account_id = account_state.account_id)`,
  ],
  [
    "counter-differs",
    `SELECT 'segment ' || file AS place, 'live octets: ' || live_octets || ', of its messages: '
       || coalesce(size, 0) AS problem
     FROM segment LEFT JOIN (SELECT segment_id, sum(coalesce(packed_octets, size_octets)) AS size FROM message GROUP BY segment_id)
       AS found ON segment_id = segment.id WHERE live_octets <> coalesce(size, 0)`,
  ],
  [
    "counter-differs",
    `SELECT 'envelope ' || queue_id AS place, 'recipients: ' || recipients || ', rows: ' || found AS problem
     FROM (SELECT queue_id, recipients, (SELECT count(*) FROM recipient WHERE envelope_id = envelope.id)
       AS found FROM envelope) WHERE recipients <> found`,
  ],
  [
    "row-broken",
    `SELECT 'mailbox ' || mailbox_id || ' uid ' || uid AS place, 'its message is not stored' AS problem
     FROM entry WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.id = message_id)`,
  ],
  [
    "row-broken",
    `SELECT 'mailbox ' || mailbox_id || ' uid ' || uid AS place, 'there is no such mailbox' AS problem
     FROM entry WHERE NOT EXISTS (SELECT 1 FROM mailbox WHERE mailbox.id = mailbox_id)`,
  ],
  [
    "row-broken",
    `SELECT kind || ' of mailbox ' || mailbox_id AS place, 'there is no such mailbox' AS problem
     FROM (SELECT 'access list' AS kind, mailbox_id FROM acl
       UNION SELECT 'annotations', mailbox_id FROM annotation WHERE mailbox_id <> 0)
     WHERE NOT EXISTS (SELECT 1 FROM mailbox WHERE mailbox.id = mailbox_id)`,
  ],
  [
    "row-broken",
    `SELECT 'envelope ' || queue_id AS place, 'its message is not stored' AS problem
     FROM envelope WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.id = message_id)`,
  ],
  [
    "row-broken",
    `SELECT DISTINCT 'owed report on ' || queue_id AS place, 'its message is not stored' AS problem
     FROM owed_report WHERE message_id <> 0
       AND NOT EXISTS (SELECT 1 FROM message WHERE message.id = message_id)`,
  ],
  [
    "row-broken",
    `SELECT 'message ' || id AS place, 'has no index of its structure' AS problem
     FROM message WHERE length(envelope) = 0 OR length(body_structure) = 0`,
  ],
  [
    "row-broken",
    `SELECT 'redo row ' || redo.id AS place, 'is of no octets that are stored' AS problem
     FROM redo LEFT JOIN segment ON segment.id = segment_id
     WHERE segment.id IS NULL OR start + length(octets) > length_octets`,
  ],
  [
    "row-broken",
    `SELECT 'recipient ' || id AS place, 'has no envelope' AS problem
     FROM recipient WHERE NOT EXISTS (SELECT 1 FROM envelope WHERE envelope.id = envelope_id)`,
  ],
];

export async function checkStore(
  folders: StoreFolders,
  progress: (done: number, total: number) => void = () => {},
): Promise<readonly StoreProblem[]> {
  const database = Database.openForReading(folders.database);
  const problems: StoreProblem[] = [];
  try {
    database.exec("BEGIN");
    // The list of files before the rows: what is made meanwhile is no orphan.
    const files = await readdir(folders.segments);
    for (const [found] of database.arrays("PRAGMA quick_check(20)")) {
      if (found === "ok") continue;
      problems.push({ kind: "row-broken", where: "database", problem: `${found as string}` });
    }
    for (const [kind, sql] of CONTRADICTIONS) {
      for (const { place, problem } of database.all<{ place: string; problem: string }>(sql)) {
        problems.push({ kind, where: place, problem });
      }
      await setImmediate();
    }
    await checkOctets(database, folders, problems, progress);
    await checkFiles(database, folders, files, problems);
    return problems;
  } finally {
    database.close();
  }
}

async function checkOctets(
  database: Database,
  folders: StoreFolders,
  problems: StoreProblem[],
  progress: (done: number, total: number) => void,
): Promise<void> {
  const total = database.get<{ n: number }>("SELECT count(*) AS n FROM message")?.n ?? 0;
  const segments = new SegmentFiles(folders.segments);
  let done = 0;
  let last = 0;
  try {
    for (;;) {
      const page = database.all<MessageRow>(MESSAGES, last);
      for (const row of page) {
        const problem = await checkMessage(segments, row);
        if (problem !== undefined) problems.push(...(await lookAgain(folders, row, problem)));
        last = row.id;
        done++;
      }
      progress(done, total);
      if (page.length < PAGE) return;
    }
  } finally {
    await segments.close();
  }
}

/** What we read may have been expunged, or moved by compaction, since our view of the rows was taken. */
async function lookAgain(
  folders: StoreFolders,
  seen: MessageRow,
  problem: StoreProblem,
): Promise<StoreProblem[]> {
  const database = Database.openForReading(folders.database);
  const segments = new SegmentFiles(folders.segments);
  try {
    const row = database.get<MessageRow>(`${MESSAGE} WHERE message.id = ?`, seen.id);
    if (row === undefined) return [];
    if (row.file === seen.file && row.start === seen.start) return [problem];
    const found = await checkMessage(segments, row);
    return found === undefined ? [] : [found];
  } finally {
    await segments.close();
    database.close();
  }
}

async function checkMessage(
  segments: SegmentFiles,
  row: MessageRow,
): Promise<StoreProblem | undefined> {
  const where = `message ${row.id} (segment ${row.file ?? "unknown"}, octets ${row.start} to ${row.start + (row.packed ?? row.size)})`;
  const damaged = { kind: "octets-missing", where, messageId: row.id };
  const handle = row.file === null ? undefined : await segments.open(row.file);
  if (handle === undefined) {
    return { ...damaged, problem: "its segment file is not there" };
  }
  const digest = row.packed === null ? await hashOf(handle, row) : await hashOfPacked(handle, row);
  if (digest === undefined) {
    return { ...damaged, problem: "its segment file ends before it does" };
  }
  return equalBytes(digest, row.sha256)
    ? undefined
    : {
        ...damaged,
        kind: "hash-differs",
        problem: "its octets are not those that were accepted",
      };
}

/** Undefined if the file is too short. */
async function hashOf(handle: FileHandle, row: MessageRow): Promise<Uint8Array | undefined> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(READ_OCTETS, Math.max(1, row.size)));
  for (let done = 0; done < row.size;) {
    const wanted = Math.min(buffer.length, row.size - done);
    const { bytesRead } = await handle.read(buffer, 0, wanted, row.start + done);
    if (bytesRead === 0) return undefined;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hash.digest();
}

/** Packed messages are small enough to be held. What cannot be unpacked hashes to nothing. */
async function hashOfPacked(handle: FileHandle, row: MessageRow): Promise<Uint8Array | undefined> {
  const packed = new Uint8Array(row.packed ?? 0);
  for (let done = 0; done < packed.length;) {
    const { bytesRead } = await handle.read(packed, done, packed.length - done, row.start + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  try {
    return createHash("sha256").update(unpack(packed, row.size)).digest();
  } catch {
    return new Uint8Array(0);
  }
}

async function checkFiles(
  database: Database,
  folders: StoreFolders,
  files: readonly string[],
  problems: StoreProblem[],
): Promise<void> {
  const rows = database.all<{ file: string; length: number }>(
    "SELECT file, length_octets AS length FROM segment",
  );
  const known = new Set(rows.map(({ file }) => file));
  const writers = new Set(
    database.all<{ id: number }>("SELECT id FROM writer").map(({ id }) => id),
  );
  const newestWriter =
    database.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'writer'")?.seq ??
    0;
  for (const file of files) {
    // A process that lives may be about to commit the row of a file it has just made.
    const owner = Number.parseInt(file, 10);
    if (known.has(file) || writers.has(owner) || owner > newestWriter) continue;
    problems.push({
      kind: "orphan-octets",
      where: `segment ${file}`,
      problem: "no row knows it",
      file,
    });
  }
  for (const { file, length } of rows) {
    const size = await stat(join(folders.segments, file)).then(
      (found) => found.size,
      () => -1,
    );
    if (size >= length || isGone(folders, file)) continue;
    problems.push({
      kind: "octets-missing",
      where: `segment ${file}`,
      problem: size < 0 ? "the file is not there" : `has ${size} of ${length} octets`,
    });
  }
}

/** Whether a segment has been removed since our view of the rows was taken. */
function isGone(folders: StoreFolders, file: string): boolean {
  const database = Database.openForReading(folders.database);
  try {
    return database.get("SELECT 1 FROM segment WHERE file = ?", file) === undefined;
  } finally {
    database.close();
  }
}

/** The few files in use; messages follow each other in their segments. */
class SegmentFiles {
  readonly #folder: string;
  #file: string | undefined;
  #handle: FileHandle | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(file: string): Promise<FileHandle | undefined> {
    if (this.#file === file) return this.#handle;
    await this.close();
    this.#file = file;
    this.#handle = await open(
      join(this.#folder, file),
      constants.O_RDONLY | constants.O_NOFOLLOW,
    ).catch(() => undefined);
    return this.#handle;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    this.#file = undefined;
  }
}
