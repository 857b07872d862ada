/** Messages as JSON: the same names in every verb. Texts are decoded, with controls removed. */

import type { Envelope, EnvelopeAddress } from "../../imap/client/read-envelope.ts";
import { decodeWords } from "../../message/encoded-word.ts";
import { isSeen, showBareAddress, showSubject, type Summary } from "../folder/summary.ts";
import { screenText } from "../text/screen-text.ts";

export type AddressJson = { readonly name: string; readonly address: string };

export type SummaryJson = {
  readonly uid: number;
  readonly isUnread: boolean;
  readonly flags: readonly string[];
  readonly from: readonly AddressJson[];
  readonly to: readonly AddressJson[];
  readonly cc: readonly AddressJson[];
  readonly subject: string;
  /** ISO 8601, UTC. */
  readonly date: string | null;
  readonly received: string | null;
  readonly sizeOctets: number;
  readonly messageId: string;
  /** In conversation order: how many answers above. */
  readonly depth: number;
};

export function summaryJson(summary: Summary, depth = 0): SummaryJson {
  const { envelope } = summary;
  return {
    uid: summary.uid,
    isUnread: !isSeen(summary),
    flags: [...summary.flags].map(screenText),
    ...recipientsJson(envelope),
    subject: showSubject(envelope),
    date: isoDate(summary.writtenAtMs),
    received: isoDate(summary.arrivedAtMs),
    sizeOctets: summary.sizeOctets,
    messageId: screenText(envelope.messageId),
    depth,
  };
}

function recipientsJson({ from, to, cc }: Envelope): Pick<SummaryJson, "from" | "to" | "cc"> {
  return { from: from.map(addressJson), to: to.map(addressJson), cc: cc.map(addressJson) };
}

function addressJson(address: EnvelopeAddress): AddressJson {
  return {
    name: screenText(decodeWords(address.displayName)).trim(),
    address: showBareAddress(address),
  };
}

function isoDate(atMs: number): string | null {
  const at = new Date(atMs);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
