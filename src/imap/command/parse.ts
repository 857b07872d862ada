/** From a raw command to a typed one: one row a name. */

import { bad, type Completion } from "../completion.ts";
import { ArgumentReader } from "../wire/argument-reader.ts";
import type { RawCommand } from "../wire/raw-command.ts";
import { readAboutIdentifier, readAboutMailbox, readSetAcl } from "./acl.ts";
import { readAuthenticate } from "./authenticate.ts";
import { BARE_VERBS } from "./bare.ts";
import type { Command } from "./command.ts";
import { readCancelUpdate } from "./cancel-update.ts";
import { readCompress } from "./compress.ts";
import { readCreate } from "./create.ts";
import { readEnable } from "./enable.ts";
import { readEsearch } from "./esearch.ts";
import { readExpunge } from "./expunge.ts";
import { readFetch } from "./fetch.ts";
import { readId } from "./id.ts";
import { readList, readLsub } from "./list.ts";
import { readLogin } from "./login.ts";
import { readMailboxOnly } from "./mailbox-only.ts";
import { readGetQuota, readGetQuotaRoot } from "./quota.ts";
import { readGetMetadata, readSetMetadata } from "./metadata.ts";
import { readNotify } from "./notify.ts";
import { readRename } from "./rename.ts";
import { readSearch } from "./search.ts";
import { readSelect } from "./select.ts";
import { readSort } from "./sort.ts";
import { readStatus } from "./status.ts";
import { readStore } from "./store.ts";
import { readThread } from "./thread.ts";
import { readTransfer } from "./transfer.ts";

export type ParseOptions = { readonly isUtf8: boolean; readonly maxDepth: number };

export type Parsed =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly completion: Completion };

const READERS: ReadonlyMap<string, (reader: ArgumentReader) => Command> = new Map<
  string,
  (reader: ArgumentReader) => Command
>([
  ...BARE_VERBS.map((verb): [string, () => Command] => [verb, () => ({ verb })]),
  ["AUTHENTICATE", readAuthenticate],
  ["LOGIN", readLogin],
  ["ENABLE", readEnable],
  ["ID", readId],
  ["COMPRESS", readCompress],
  ["SELECT", (reader) => readSelect(reader, "SELECT")],
  ["EXAMINE", (reader) => readSelect(reader, "EXAMINE")],
  ["CREATE", readCreate],
  ["DELETE", (reader) => readMailboxOnly(reader, "DELETE")],
  ["SUBSCRIBE", (reader) => readMailboxOnly(reader, "SUBSCRIBE")],
  ["UNSUBSCRIBE", (reader) => readMailboxOnly(reader, "UNSUBSCRIBE")],
  ["RENAME", readRename],
  ["LIST", readList],
  ["LSUB", readLsub],
  ["STATUS", readStatus],
  ["EXPUNGE", (reader) => readExpunge(reader, false)],
  ["UID EXPUNGE", (reader) => readExpunge(reader, true)],
  ["SEARCH", (reader) => readSearch(reader, false)],
  ["UID SEARCH", (reader) => readSearch(reader, true)],
  ["ESEARCH", readEsearch],
  ["CANCELUPDATE", readCancelUpdate],
  ["SORT", (reader) => readSort(reader, false)],
  ["UID SORT", (reader) => readSort(reader, true)],
  ["THREAD", (reader) => readThread(reader, false)],
  ["UID THREAD", (reader) => readThread(reader, true)],
  ["FETCH", (reader) => readFetch(reader, false)],
  ["UID FETCH", (reader) => readFetch(reader, true)],
  ["STORE", (reader) => readStore(reader, false)],
  ["UID STORE", (reader) => readStore(reader, true)],
  ["COPY", (reader) => readTransfer(reader, "COPY", false)],
  ["UID COPY", (reader) => readTransfer(reader, "COPY", true)],
  ["MOVE", (reader) => readTransfer(reader, "MOVE", false)],
  ["UID MOVE", (reader) => readTransfer(reader, "MOVE", true)],
  ["GETQUOTA", readGetQuota],
  ["GETQUOTAROOT", readGetQuotaRoot],
  ["SETACL", readSetAcl],
  ["NOTIFY", readNotify],
  ["GETMETADATA", readGetMetadata],
  ["SETMETADATA", readSetMetadata],
  ["DELETEACL", (reader) => readAboutIdentifier(reader, "DELETEACL")],
  ["GETACL", (reader) => readAboutMailbox(reader, "GETACL")],
  ["LISTRIGHTS", (reader) => readAboutIdentifier(reader, "LISTRIGHTS")],
  ["MYRIGHTS", (reader) => readAboutMailbox(reader, "MYRIGHTS")],
]);

export function parseCommand(raw: RawCommand, options: ParseOptions): Parsed {
  const read = READERS.get(raw.name);
  if (read === undefined) return { ok: false, completion: bad("Unknown command") };
  const reader = new ArgumentReader(raw, options);
  const command = read(reader);
  reader.end();
  return reader.fault === undefined
    ? { ok: true, command }
    : { ok: false, completion: reader.fault };
}

/** For tests and fuzzing that must reach every command. */
export function commandNames(): string[] {
  return [...READERS.keys(), "APPEND", "REPLACE", "UID REPLACE"];
}
