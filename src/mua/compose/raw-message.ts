/**
 * A message that a program hands over as text (`sendmail`, `send -t`): line ends made CRLF, missing
 * fields added, Bcc taken out, recipients read from the header where that is asked. Everything else
 * stays octet for octet.
 */

import { concatBytes, CRLF, encodeUtf8 } from "../../base/bytes.ts";
import { addressKey, type Address } from "../../message/addr-spec.ts";
import { formatMailbox, type NamedAddress } from "../../message/address-format.ts";
import { mailboxesOf, parseAddressList } from "../../message/address-list.ts";
import { formatDate } from "../../message/date.ts";
import { fieldLine } from "../../message/field-format.ts";
import { fieldText, parseHeader, type HeaderSection } from "../../message/header.ts";
import { fault, ok, type Result } from "../../base/result.ts";
import { screenText } from "../text/screen-text.ts";

export type RawMessage = {
  readonly octets: Uint8Array;
  /** With Bcc, for the sender's own copy. */
  readonly copy: Uint8Array;
  /** To, Cc and Bcc (the Resent- ones where there are any), each once. */
  readonly headerRecipients: readonly Address[];
  /** The first address of From. */
  readonly author: Address | undefined;
};

export type RawStamp = {
  /** From where the message has none. */
  readonly from: NamedAddress;
  readonly dateMs: number;
  readonly zoneMinutes: number;
  readonly messageId: string;
};

/** `complete` turns a bare word such as `root` into an address, or gives undefined. */
export function prepareRawMessage(
  input: Uint8Array,
  stamp: RawStamp,
  complete: (word: string) => Address | undefined,
): Result<RawMessage> {
  const message = withCrlf(withoutFromLine(input));
  const header = parseHeader(message);
  const isResent = header.fields.some(({ key }) => key.startsWith("resent-"));
  const keys = ["to", "cc", "bcc"].map((key) => (isResent ? `resent-${key}` : key));
  const recipients = readRecipients(message, header, keys, complete);
  if (!recipients.ok) return recipients;
  const missing = missingFields(header, stamp);
  const rest = message.subarray(header.endOctets);
  const build = (keepBcc: boolean): Uint8Array => {
    const kept = header.fields
      .filter(({ key }) => keepBcc || (key !== "bcc" && key !== "resent-bcc"))
      .map(({ start, end }) => message.subarray(start, end));
    return concatBytes([encodeUtf8(missing), ...kept, CRLF, rest]);
  };
  const from = header.fields.find(({ key }) => key === "from");
  const [author] =
    from === undefined ? [] : mailboxesOf(parseAddressList(fieldText(message, from)));
  return ok({
    octets: build(false),
    copy: build(true),
    headerRecipients: recipients.value,
    author: author?.address ?? (from === undefined ? stamp.from.address : undefined),
  });
}

function readRecipients(
  message: Uint8Array,
  header: HeaderSection,
  keys: readonly string[],
  complete: (word: string) => Address | undefined,
): Result<Address[]> {
  const found = new Map<string, Address>();
  for (const field of header.fields) {
    if (!keys.includes(field.key)) continue;
    for (const mailbox of mailboxesOf(parseAddressList(fieldText(message, field)))) {
      const address = mailbox.address ?? complete(mailbox.domain === "" ? mailbox.localPart : "");
      if (address === undefined) {
        return fault(
          `${field.name}: "${screenText(mailbox.localPart || mailbox.phrase)}" is no address`,
        );
      }
      found.set(addressKey(address), address);
    }
  }
  return ok([...found.values()]);
}

/** RFC 6409 §8: a submission server may add these; port 25 does not. */
function missingFields(header: HeaderSection, stamp: RawStamp): string {
  const has = (key: string): boolean => header.fields.some((field) => field.key === key);
  let fields = "";
  if (!has("date")) fields += fieldLine("Date", formatDate(stamp.dateMs, stamp.zoneMinutes));
  if (!has("from")) fields += fieldLine("From", formatMailbox(stamp.from));
  if (!has("message-id")) fields += fieldLine("Message-ID", stamp.messageId);
  return fields;
}

/** mbox's `From ` line, which some programs hand over as well. */
function withoutFromLine(octets: Uint8Array): Uint8Array {
  const beginning = Buffer.from(
    octets.buffer,
    octets.byteOffset,
    Math.min(octets.length, 1000),
  ).toString("latin1");
  const match = /^>?From [^\r\n]*\r?\n/.exec(beginning);
  return match === null ? octets : octets.subarray(match[0].length);
}

/** Each line end CRLF; a stray CR is one as well, so that no two programs read different lines (security row 5). */
function withCrlf(octets: Uint8Array): Uint8Array {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
  const lines = text.replace(/\r\n|\r|\n/g, "\r\n");
  return Buffer.from(lines === "" || lines.endsWith("\r\n") ? lines : `${lines}\r\n`, "latin1");
}

/** Up to a line with only a dot, as sendmail reads without `-i`. */
export function untilDot(octets: Uint8Array): Uint8Array {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
  const match = /(?:^|\n)\.\r?(?:\n|$)/.exec(text);
  if (match === null) return octets;
  return octets.subarray(0, match.index + (match[0].startsWith("\n") ? 1 : 0));
}
