/**
 * URLs of a message or a part of one (RFC 5092), as CATENATE names them: `/INBOX;UIDVALIDITY=1/;UID=20/
 * ;SECTION=1.2/;PARTIAL=0.1024`, the same with `imap://host` before it, or without the mailbox for the
 * one that is selected. URLAUTH is not ours.
 */

import { decodeUtf8Strict } from "../base/bytes.ts";
import { readSection, WHOLE, type Section } from "./section.ts";
import { ArgumentReader } from "./wire/argument-reader.ts";

export type ImapUrl = {
  /** Lower case; undefined when the URL is relative. */
  readonly host: string | undefined;
  /** Whose mail, where the URL says so. */
  readonly user: string | undefined;
  /** Undefined: the selected one. */
  readonly mailbox: string | undefined;
  readonly uidValidity: number | undefined;
  readonly uid: number;
  readonly section: Section;
  readonly start: number;
  /** Undefined: to the end. */
  readonly length: number | undefined;
};

const MAX_LENGTH = 8_192;
const SERVER = /^imap:\/\/(?:([^/@;]*)(?:;auth=[^/@]*)?@)?([^/:@]+)(?::\d{1,5})?(?=\/)/i;
const MESSAGE =
  /^(.*?)(?:;uidvalidity=(\d{1,10}))?\/?;uid=(\d{1,10})(?:\/?;section=([^;]*?))?(?:\/?;partial=(\d{1,10})(?:\.(\d{1,10}))?)?$/i;

/** Undefined for what is no such URL. `text` is one character an octet. */
export function parseImapUrl(text: string): ImapUrl | undefined {
  if (text.length > MAX_LENGTH || /[^\x21-\x7e]/.test(text)) return undefined;
  const server = SERVER.exec(text);
  if (server === null && /^[a-z][a-z0-9+.-]*:/i.test(text)) return undefined;
  const match = MESSAGE.exec(text.slice(server?.[0].length ?? 0));
  if (match === null) return undefined;
  const [, path, uidValidity, uid, encodedSection, start, length] = match;
  const mailbox = decodePercent(path.replace(/^\//, "").replace(/\/$/, ""));
  const user = server?.[1] === undefined ? undefined : decodePercent(server[1]);
  const section = encodedSection === undefined ? WHOLE : sectionOf(encodedSection);
  if (mailbox === undefined || section === undefined || Number(uid) === 0) return undefined;
  if (length !== undefined && Number(length) === 0) return undefined;
  return {
    host: server?.[2].toLowerCase(),
    user: user === "" ? undefined : user,
    mailbox: mailbox === "" ? undefined : mailbox,
    uidValidity: uidValidity === undefined ? undefined : Number(uidValidity),
    uid: Number(uid),
    section,
    start: start === undefined ? 0 : Number(start),
    length: length === undefined ? undefined : Number(length),
  };
}

/** `%20` and the like, as UTF-8; undefined for what is not. */
function decodePercent(text: string): string | undefined {
  if (!text.includes("%")) return text;
  const octets: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "%") {
      octets.push(text.charCodeAt(at));
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9a-f]{2}$/i.test(digits)) return undefined;
    octets.push(Number.parseInt(digits, 16));
    at += 2;
  }
  return decodeUtf8Strict(Uint8Array.from(octets));
}

function sectionOf(encoded: string): Section | undefined {
  const text = decodePercent(encoded);
  if (text === undefined || text.includes("\0")) return undefined;
  const raw = { tag: "", name: "", texts: [`${text}]`], literals: [] };
  const reader = new ArgumentReader(raw, { isUtf8: false, maxDepth: 2 });
  const { section } = readSection(reader);
  reader.expect("]");
  reader.end();
  return reader.hasFailed ? undefined : section;
}
