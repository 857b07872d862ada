/** Details and heads of stored messages, by the columns that are asked for. */

import { NO_OCTETS } from "../../base/bytes.ts";
import type { DetailName, Details, HeadName, MailboxId, MessageHead } from "../mail.ts";
import type { MessageId, OctetStore } from "../octets.ts";
import type { Database, Value } from "./database.ts";
import { HEAD_COLUMNS, headOfOctets, headValue } from "./message-head.ts";
import { packedSelect, type PackedColumn } from "./packed-rows.ts";
import { numbersByKey, rowsByKey, type RowSource } from "./rows-by-key.ts";

const DETAIL_COLUMNS: Readonly<Record<DetailName, PackedColumn>> = {
  sizeOctets: { name: "size_octets", kind: "number" },
  headerOctets: { name: "header_octets", kind: "number" },
  envelope: { name: "envelope", kind: "octets" },
  bodyStructure: { name: "body_structure", kind: "octets" },
  structure: { name: "structure", kind: "octets" },
};

/** Rows of `table`; packed, where there are octets to pack and nothing that cannot be. */
function sourceOf(
  table: string,
  key: string,
  columns: readonly (PackedColumn | string)[],
): RowSource {
  const packed = columns.filter((column) => typeof column !== "string");
  if (packed.length === columns.length && packed.some(({ kind }) => kind === "octets")) {
    const all = [{ name: key, kind: "number" } as const, ...packed];
    return { select: packedSelect(table, all), key, values: [], packed: all };
  }
  const names = columns.map((column) => (typeof column === "string" ? column : column.name));
  return { select: `SELECT ${[key, ...names].join(", ")} FROM ${table} WHERE`, key, values: [] };
}

export function messageDetails<Name extends DetailName>(
  database: Database,
  messageIds: ArrayLike<MessageId>,
  names: readonly Name[],
): (Details<Name> | undefined)[] {
  const columns = names.map((name) => DETAIL_COLUMNS[name]);
  const source = sourceOf("message", "id", columns);
  return rowsByKey(database, source, messageIds).map((row) => {
    if (row === undefined) return undefined;
    const details: Record<string, Value> = { messageId: row[0] };
    for (let at = 0; at < names.length; at++) details[names[at]] = row[at + 1];
    return details as unknown as Details<Name>;
  });
}

/** A message without a row has its head made of so much of it. */
const HEAD_OCTETS = 262_144;

const OCTET_HEADS: ReadonlySet<HeadName> = new Set(["threadHashes", "commonFields"]);

export async function messageHeads<Name extends HeadName>(
  database: Database,
  octets: OctetStore,
  wanted: { readonly messageIds: ArrayLike<MessageId>; readonly names: readonly Name[] },
): Promise<(Pick<MessageHead, Name> | undefined)[]> {
  const { messageIds, names } = wanted;
  const columns = names.map((name): PackedColumn | string =>
    OCTET_HEADS.has(name) ? { name: HEAD_COLUMNS[name], kind: "octets" } : HEAD_COLUMNS[name],
  );
  const source = sourceOf("message_head", "message_id", columns);
  const rows = rowsByKey(database, source, messageIds);
  const heads: (Pick<MessageHead, Name> | undefined)[] = [];
  for (const [index, row] of rows.entries()) {
    if (row === undefined) {
      heads.push(await madeHead(octets, messageIds[index]));
      continue;
    }
    const head: Record<string, unknown> = {};
    for (let at = 0; at < names.length; at++) head[names[at]] = headValue(names[at], row[at + 1]);
    heads.push(head as Pick<MessageHead, Name>);
  }
  return heads;
}

const SENT = { table: "message_head", key: "message_id", column: "sent_ms" };

/** When the messages were sent; NaN where their Date names no moment, or they are gone. */
export async function sentDates(
  database: Database,
  octets: OctetStore,
  messageIds: ArrayLike<MessageId>,
): Promise<Float64Array> {
  const { numbers, missing } = numbersByKey(database, SENT, messageIds);
  for (const index of missing) {
    numbers[index] = (await madeHead(octets, messageIds[index]))?.sentMs ?? Number.NaN;
  }
  return numbers;
}

/** Undefined for what is gone or cannot be read. */
async function madeHead(octets: OctetStore, id: MessageId): Promise<MessageHead | undefined> {
  if (octets.sizeOctets(id) === undefined) return undefined;
  return octets.read(id, 0, HEAD_OCTETS).then(headOfOctets, () => undefined);
}

export function deliveryPrefixes(
  database: Database,
  mailboxId: MailboxId,
  uids: ArrayLike<number>,
): Uint8Array[] {
  const source = {
    select: "SELECT uid, prefix FROM entry WHERE mailbox_id = ? AND",
    key: "uid",
    values: [mailboxId],
  };
  const rows = rowsByKey(database, source, uids);
  return rows.map((row) => (row?.[1] as Uint8Array | null | undefined) ?? NO_OCTETS);
}

const HOLDERS = `SELECT DISTINCT e.message_id AS messageId, e.mailbox_id AS mailboxId
  FROM json_each(?) j CROSS JOIN entry e INDEXED BY entry_by_message ON e.message_id = j.value
  JOIN mailbox m ON m.id = e.mailbox_id WHERE m.account_id = ?`;

/** The mailboxes of an account that hold each of the messages. */
export function holdersOf(
  database: Database,
  accountId: number,
  messageIds: readonly MessageId[],
): Map<MessageId, MailboxId[]> {
  const holders = new Map<MessageId, MailboxId[]>();
  const rows = database.all<{ messageId: MessageId; mailboxId: MailboxId }>(
    HOLDERS,
    JSON.stringify(messageIds),
    accountId,
  );
  for (const { messageId, mailboxId } of rows) {
    const known = holders.get(messageId);
    if (known === undefined) holders.set(messageId, [mailboxId]);
    else known.push(mailboxId);
  }
  return holders;
}
