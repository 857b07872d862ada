/** The octets that a URL of CATENATE names: of messages that this account may read (RFC 4469 §3). */

import { isMailError } from "../../base/errors.ts";
import { parseImapUrl, type ImapUrl } from "../../imap/imap-url.ts";
import type { OctetRange } from "../../message/imap-view/section.ts";
import type { MailboxInfo, OpenMailbox } from "../../store/mail.ts";
import { sourcesOf } from "./load-sources.ts";
import type { BodySource } from "./body-source.ts";
import { findMailbox, isCompletion } from "./named-mailbox.ts";
import type { MailSession } from "./mail-session.ts";

const PIECE_OCTETS = 262_144;

export type UrlPart = {
  readonly sizeOctets: number;
  /** In pieces: a part may be large. */
  readonly pieces: () => AsyncGenerator<Uint8Array>;
};

/** Undefined when there is no such thing, or not for this account. */
export async function findUrlPart(
  session: MailSession,
  text: string,
): Promise<UrlPart | undefined> {
  const url = parseImapUrl(text);
  if (url === undefined || !isHere(session, url)) return undefined;
  const name = url.mailbox ?? session.selected?.open.info.name;
  const info = name === undefined ? undefined : mailboxNamed(session, name);
  const open = info === undefined ? undefined : await openReadable(session, info);
  if (open === undefined) return undefined;
  try {
    if (url.uidValidity !== undefined && url.uidValidity !== open.info.uidValidity)
      return undefined;
    const source = sourceOf(session, open, url.uid);
    const range = source?.rangeOf(url.section);
    return source === undefined || range === undefined ? undefined : partOf(source, range, url);
  } finally {
    open.release();
  }
}

/** A URL that names a server or a user must name us and this account. */
function isHere(session: MailSession, { host, user }: ImapUrl): boolean {
  if (host !== undefined && host !== session.deps.sasl().hostName?.toLowerCase()) return false;
  return user === undefined || user.toLowerCase() === session.address.toLowerCase();
}

function mailboxNamed(session: MailSession, name: string): MailboxInfo | undefined {
  const canonical = name.toUpperCase() === "INBOX" ? "INBOX" : name;
  const info = findMailbox(session, canonical, "r");
  return isCompletion(info) ? undefined : info;
}

async function openReadable(
  session: MailSession,
  info: MailboxInfo,
): Promise<OpenMailbox | undefined> {
  try {
    return await session.deps.store.mail.open(info.grant);
  } catch (error) {
    if (isMailError(error, "forbidden") || isMailError(error, "not-found")) return undefined;
    throw error;
  }
}

function sourceOf(session: MailSession, open: OpenMailbox, uid: number): BodySource | undefined {
  const position = open.indexOfUid(uid);
  if (position === -1) return undefined;
  const { store } = session.deps;
  const names = ["sizeOctets", "headerOctets", "structure"] as const;
  const details = store.mail.details([open.messageIds[position]], names);
  const sizeOctets = open.sizesOctets[position];
  return sourcesOf(store, open, [{ uid, sizeOctets }], details)[0];
}

async function partOf(source: BodySource, range: OctetRange, url: ImapUrl): Promise<UrlPart> {
  const { section, start, length = Number.POSITIVE_INFINITY } = url;
  if (section.kind === "fields" || section.kind === "fields-not") {
    const octets = (await source.readFields(range, section)).subarray(start, start + length);
    return { sizeOctets: octets.length, pieces: () => onePiece(octets) };
  }
  const from = Math.min(range.end, range.start + start);
  const to = Math.min(range.end, from + length);
  return { sizeOctets: to - from, pieces: () => piecesOf(source, from, to) };
}

async function* onePiece(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets;
}

async function* piecesOf(source: BodySource, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let start = from; start < to; start += PIECE_OCTETS) {
    yield source.read({ start, end: Math.min(to, start + PIECE_OCTETS) });
  }
}
