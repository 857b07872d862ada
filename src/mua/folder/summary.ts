/** One message as a list of messages shows it: from ENVELOPE and flags, its text not fetched. */

import type { Envelope, EnvelopeAddress } from "../../imap/client/read-envelope.ts";
import type { FetchedMessage } from "../../imap/client/read-fetch.ts";
import { parseDate } from "../../message/date.ts";
import { decodeWords } from "../../message/encoded-word.ts";
import { showDomain } from "../text/show-domain.ts";
import { screenText } from "../text/screen-text.ts";

export type Summary = {
  readonly uid: number;
  /** As the server spells them. */
  readonly flags: ReadonlySet<string>;
  readonly sizeOctets: number;
  /** When it came here. */
  readonly arrivedAtMs: number;
  /** When it was written, as far as its Date can be read; else when it came. */
  readonly writtenAtMs: number;
  readonly envelope: Envelope;
  /** Message-IDs of References, first to last; only where asked for. */
  readonly references: readonly string[];
};

export function summaryOf(message: FetchedMessage & { readonly uid: number }): Summary | undefined {
  const { envelope } = message;
  if (envelope === undefined) return undefined;
  const arrivedAtMs = message.internalDateMs ?? 0;
  return {
    uid: message.uid,
    flags: new Set(message.flags),
    sizeOctets: message.sizeOctets ?? 0,
    arrivedAtMs,
    writtenAtMs: parseDate(envelope.date)?.epochMs ?? arrivedAtMs,
    envelope,
    references: [],
  };
}

export function isSeen({ flags }: Summary): boolean {
  return flags.has("\\Seen");
}

/** What a list shows for a correspondent: the name, or the address where the name pretends to be another. */
export function showAddress(address: EnvelopeAddress | undefined): string {
  if (address === undefined) return "";
  const name = screenText(decodeWords(address.displayName)).trim();
  return name === "" || name.includes("@") ? showBareAddress(address) : name;
}

export function showBareAddress(address: EnvelopeAddress | undefined): string {
  if (address === undefined) return "";
  const localPart = screenText(address.localPart);
  return address.domain === "" ? localPart : `${localPart}@${showDomain(address.domain)}`;
}

export function showSubject(envelope: Envelope): string {
  return screenText(decodeWords(envelope.subject)).trim();
}
