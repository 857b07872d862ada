/**
 * Lists of mailboxes and groups for people and programs (RFC 5322 §3.4): names decoded, addresses
 * checked. The other way round is `address-format.ts`.
 *
 * Encoded words are never decoded before the list is taken apart, and never inside an address
 * (RFC 2047 §5): what they hide can name nobody. The last `@` outside quotes parts host from user.
 */

import { formatLocalPart, parseAddress, type Address } from "./addr-spec.ts";
import {
  MAX_ADDRESSES,
  type RawAddressList,
  type RawMailbox,
  scanAddressList,
} from "./address-scan.ts";
import { decodeWords } from "./encoded-word.ts";

export type Mailbox = RawMailbox & {
  /** The phrase for a person to read, encoded words decoded; "" if there is none. */
  readonly displayName: string;
  /** Undefined when what stands there is no address one could send to. */
  readonly address: Address | undefined;
};

export type Group = {
  readonly kind: "group";
  readonly displayName: string;
  readonly members: readonly Mailbox[];
};

export type AddressList = {
  readonly entries: readonly (Mailbox | Group)[];
  readonly isCut: boolean;
  readonly faults: RawAddressList["faults"];
};

export function parseAddressList(text: string, maxAddresses: number = MAX_ADDRESSES): AddressList {
  const raw = scanAddressList(text, maxAddresses);
  const entries = raw.entries.map((entry) =>
    entry.kind === "mailbox"
      ? readMailbox(entry)
      : {
          kind: entry.kind,
          displayName: decodeWords(entry.phrase),
          members: entry.members.map(readMailbox),
        },
  );
  return { entries, isCut: raw.isCut, faults: raw.faults };
}

function readMailbox(raw: RawMailbox): Mailbox {
  const parsed = parseAddress(`${formatLocalPart(raw.localPart)}@${raw.domain}`);
  return {
    ...raw,
    displayName: decodeWords(raw.phrase),
    address: parsed.ok && raw.isPlainLocalPart ? parsed.value : undefined,
  };
}

/** All mailboxes of the list, those in groups included. */
export function mailboxesOf(list: AddressList): Mailbox[] {
  return list.entries.flatMap((entry) => (entry.kind === "mailbox" ? [entry] : entry.members));
}

/** All valid addresses of the list. */
export function addressesOf(list: AddressList): Address[] {
  return mailboxesOf(list).flatMap((mailbox) => mailbox.address ?? []);
}
