/** Bodies to octets (transfer encodings, RFC 2045 §6) and octets to text (charsets, flowed text). Never fails. */

import { NO_OCTETS } from "../base/bytes.ts";
import { decodeBase64Body } from "./base64.ts";
import { decodeCharset } from "./charset.ts";
import type { Defect } from "./defect.ts";
import { unflow } from "./flowed.ts";
import type { Part } from "./part.ts";
import { decodeQuotedPrintable } from "./quoted-printable.ts";
import { decodeUuencode } from "./uuencode.ts";

/** The octets under a transfer encoding; an unknown one is taken for none. `onFault` hears of the first fault. */
export function decodeTransfer(
  octets: Uint8Array,
  encoding: string,
  onFault?: (defect: Defect) => void,
): Uint8Array {
  switch (encoding) {
    case "base64": {
      const decoded = decodeBase64Body(octets);
      if (decoded.faultAt !== -1) onFault?.({ kind: "bad-base64", at: decoded.faultAt });
      return decoded.octets;
    }
    case "quoted-printable": {
      const decoded = decodeQuotedPrintable(octets);
      if (decoded.faultAt !== -1) onFault?.({ kind: "bad-quoted-printable", at: decoded.faultAt });
      return decoded.octets;
    }
    case "x-uuencode":
    case "uuencode":
    case "x-uue": {
      const decoded = decodeUuencode(octets);
      if (decoded === octets && octets.length > 0) onFault?.({ kind: "bad-uuencode", at: 0 });
      return decoded;
    }
    default:
      return octets;
  }
}

/** Text in a charset; unknown or absent: UTF-8 if it is that, else windows-1252. A byte-order mark goes. */
export function decodeText(octets: Uint8Array, charset: string | undefined): string {
  const text = decodeCharset(octets, charset);
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** The decoded octets of a part's body. */
export function bodyOctets(message: Uint8Array, part: Part): Uint8Array {
  if (part.end <= part.bodyStart) return NO_OCTETS;
  return decodeTransfer(message.subarray(part.bodyStart, part.end), part.encoding);
}

/** The text of a text part: decoded, line ends LF, flowed paragraphs joined (RFC 3676). */
export function bodyText(message: Uint8Array, part: Part): string {
  const charset = part.params.get("charset");
  const text = decodeText(bodyOctets(message, part), charset).replaceAll("\r\n", "\n");
  const isFlowed =
    part.subtype === "plain" && part.params.get("format")?.toLowerCase() === "flowed";
  if (!isFlowed) return text;
  return unflow(text, { deleteSpace: part.params.get("delsp")?.toLowerCase() === "yes" });
}
