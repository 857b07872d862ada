/**
 * ENVELOPE (RFC 9051 §7.5.2) from its values. Never fails: what a server leaves out or garbles is
 * an empty field. Texts are as in the header, encoded words undecoded.
 */

import { isList, listOf, textOf, type Value } from "./response.ts";

export type EnvelopeAddress = {
  /** As in the header: may hold encoded words. "" when there is none. */
  readonly displayName: string;
  readonly localPart: string;
  readonly domain: string;
};

export type Envelope = {
  readonly date: string;
  readonly subject: string;
  readonly from: readonly EnvelopeAddress[];
  readonly sender: readonly EnvelopeAddress[];
  readonly replyTo: readonly EnvelopeAddress[];
  readonly to: readonly EnvelopeAddress[];
  readonly cc: readonly EnvelopeAddress[];
  readonly bcc: readonly EnvelopeAddress[];
  readonly inReplyTo: string;
  readonly messageId: string;
};

export function readEnvelope(value: Value | undefined): Envelope {
  const fields = listOf(value);
  const text = (index: number): string => textOf(fields[index]) ?? "";
  return {
    date: text(0),
    subject: text(1),
    from: readAddresses(fields[2]),
    sender: readAddresses(fields[3]),
    replyTo: readAddresses(fields[4]),
    to: readAddresses(fields[5]),
    cc: readAddresses(fields[6]),
    bcc: readAddresses(fields[7]),
    inReplyTo: text(8),
    messageId: text(9),
  };
}

/** Members of groups are listed as if there were no group; its begin and end markers (no host) are left out. */
function readAddresses(value: Value | undefined): EnvelopeAddress[] {
  return listOf(value).flatMap((item) => {
    if (!isList(item)) return [];
    const [name, , localPart, domain] = item.map((part) => textOf(part));
    if (localPart === undefined || domain === undefined) return [];
    return [{ displayName: name ?? "", localPart, domain }];
  });
}
