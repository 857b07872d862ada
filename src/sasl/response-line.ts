/**
 * The base64 lines in which SMTP, IMAP and POP3 carry SASL responses (RFC 4954 §4, RFC 9051 §6.2.2,
 * RFC 5034 §4): `*` cancels, `=` as an initial response is an empty one.
 */

import { decodeBase64, NO_OCTETS } from "../base/bytes.ts";

export type SaslResponse =
  | { readonly type: "octets"; readonly octets: Uint8Array }
  | { readonly type: "cancelled" }
  | { readonly type: "malformed" };

/** A client's line in answer to a challenge, without its CRLF. */
export function decodeResponseLine(line: string): SaslResponse {
  if (line === "*") return { type: "cancelled" };
  const octets = decodeBase64(line);
  return octets === undefined ? { type: "malformed" } : { type: "octets", octets };
}

/** The initial response on the command line itself. */
export function decodeInitialResponse(text: string): SaslResponse {
  if (text === "=") return { type: "octets", octets: NO_OCTETS };
  const octets = text === "" ? undefined : decodeBase64(text);
  return octets === undefined ? { type: "malformed" } : { type: "octets", octets };
}
