/**
 * The Received field that reception puts before a message (RFC 5321 §4.4, §4.1.1.1): who said what
 * name from where, over which protocol, under which id.
 *
 * What the client said is escaped, so that it can add neither fields nor comments.
 */

import { encodeUtf8 } from "../../base/bytes.ts";
import { formatDate } from "../../message/date.ts";
import type { SmtpSession } from "../../smtp/handler.ts";

export type Reception = {
  readonly session: SmtpSession;
  /** The name of the peer's address, confirmed forward and backward; undefined if there is none. */
  readonly peerName: string | undefined;
  readonly hostname: string;
  readonly queueId: string;
  /** MAIL had SMTPUTF8. */
  readonly isSmtpUtf8: boolean;
  /** The one recipient; undefined for several, so that none learns of the others. */
  readonly recipient: string | undefined;
  /** RFC 6710 §4: said where the client has said one. */
  readonly priority?: number;
  readonly nowMs: number;
};

export function receivedField(reception: Reception): Uint8Array {
  const { session, hostname, queueId, nowMs, recipient } = reception;
  const address = addressLiteral(session.peer.address);
  const name = reception.peerName === undefined ? "" : `${clean(reception.peerName)} `;
  const lines = [
    `Received: from ${clean(session.helo ?? "unknown")} (${name}${address})`,
    `\tby ${hostname} with ${withKeyword(session, reception.isSmtpUtf8)} id ${queueId}`,
  ];
  if (session.tls !== undefined) {
    const { protocol, cipher, cipherBits } = session.tls;
    const bits = cipherBits === undefined ? "" : ` (${cipherBits} bits)`;
    lines.push(`\t(using ${clean(protocol)} with cipher ${clean(cipher)}${bits})`);
  }
  if (recipient !== undefined) lines.push(`\tfor <${recipient}>`);
  if (reception.priority !== undefined) lines.push(`\tPRIORITY ${reception.priority}`);
  const date = formatDate(nowMs);
  return encodeUtf8(`${lines.join("\r\n")};\r\n\t${date}\r\n`);
}

/** RFC 3848, RFC 6531 §4.3 */
export function withKeyword(session: SmtpSession, isSmtpUtf8: boolean): string {
  const suffix = `${session.tls === undefined ? "" : "S"}${session.identity === undefined ? "" : "A"}`;
  if (session.protocol === "lmtp") return `${isSmtpUtf8 ? "UTF8" : ""}LMTP${suffix}`;
  if (isSmtpUtf8) return `UTF8SMTP${suffix}`;
  return session.isExtended ? `ESMTP${suffix}` : "SMTP";
}

function addressLiteral(address: string): string {
  // A Unix socket: somebody on this machine.
  if (address === "") return "local";
  return address.includes(":") ? `[IPv6:${clean(address)}]` : `[${clean(address)}]`;
}

/** Letters, digits and what names and literals have; `?` for all else. */
function clean(text: string): string {
  return text.slice(0, 255).replace(/[^A-Za-z0-9._:[\]-]/g, "?");
}
