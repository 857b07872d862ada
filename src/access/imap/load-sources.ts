/**
 * Messages of one mailbox as sources of octets, many at a time: details, prefixes and octets are each
 * read for all of them together.
 */

import { NO_OCTETS } from "../../base/bytes.ts";
import type { OctetRange } from "../../message/imap-view/section.ts";
import type { Store } from "../../store/contract.ts";
import type { OpenMailbox } from "../../store/mail.ts";
import { BodySource, type SourceDetails } from "./body-source.ts";

/** The delivery prefixes of messages with these details: only where sizes say that there is one. */
export function prefixesOf(
  store: Store,
  open: OpenMailbox,
  messages: readonly { readonly uid: number; readonly sizeOctets: number }[],
  details: readonly ({ readonly sizeOctets: number } | undefined)[],
): Uint8Array[] {
  const prefixes: Uint8Array[] = messages.map(() => NO_OCTETS);
  const indexes = messages.flatMap(({ sizeOctets }, index) => {
    const found = details[index];
    return found === undefined || found.sizeOctets === sizeOctets ? [] : [index];
  });
  if (indexes.length === 0) return prefixes;
  const uids = indexes.map((index) => messages[index].uid);
  const found = store.mail.prefixes(open.grant, uids);
  for (const [at, index] of indexes.entries()) prefixes[index] = found[at];
  return prefixes;
}

export function sourcesOf(
  store: Store,
  open: OpenMailbox,
  messages: readonly { readonly uid: number; readonly sizeOctets: number }[],
  details: readonly (SourceDetails | undefined)[],
): (BodySource | undefined)[] {
  const prefixes = prefixesOf(store, open, messages, details);
  return details.map((found, index) => found && new BodySource(store, found, prefixes[index]));
}

/** Reads the ranges (of the stored octets) together; what cannot be read is left to whoever asks for it. */
export async function holdRanges(
  store: Store,
  wanted: readonly { readonly source: BodySource; readonly range: OctetRange }[],
): Promise<void> {
  if (wanted.length === 0) return;
  const reads = wanted.map(({ source, range }) => ({ id: source.details.messageId, ...range }));
  const answers = await store.octets.readMany(reads);
  for (const [index, { source, range }] of wanted.entries()) {
    const octets = answers[index];
    if (octets instanceof Uint8Array) source.hold(range, octets);
  }
}
