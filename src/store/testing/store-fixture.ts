/** What the contract suite needs of a store under test, and a few short-hands for its tests. */

import { encodeLatin1, NO_OCTETS } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Acceptance, AcceptedEnvelope, Envelope, LocalDelivery } from "../acceptance.ts";
import type { Store } from "../contract.ts";
import type { Account } from "../directory.ts";
import type { MailboxInfo, OpenMailbox } from "../mail.ts";
import type { MessageId } from "../octets.ts";
import type { MailboxGrant } from "../mailbox-grant.ts";

export type StoreFixture = {
  /** Opens the store; a second call opens the same data again, also while the first is open. */
  readonly open: () => Promise<Store>;
  readonly clock: Clock & { advance(durationMs: number): Promise<void> };
  readonly cleanUp: () => Promise<void>;
};

export const MESSAGE: Uint8Array = encodeLatin1(
  "From: a@example.net\r\nTo: alice@example.org\r\nSubject: hello\r\n\r\nHello, Alice.\r\n",
);

/** A domain with one account. */
export async function makeAccount(
  store: Store,
  address = "alice@example.org",
  more: { quotaOctets?: number; quotaMessages?: number } = {},
): Promise<Account> {
  const name = address.slice(address.indexOf("@") + 1);
  if (!store.directory.domain(name)) await store.directory.addDomain({ name });
  return store.directory.addAccount({ address, password: "correct horse", ...more });
}

export function inboxOf(store: Store, account: Account): MailboxInfo {
  const inbox = store.mail.mailbox(account.id, "INBOX");
  if (inbox === undefined) throw new Error("there is no INBOX");
  return inbox;
}

let serial = 0;

export function envelopeOf(more: Partial<Envelope> = {}): Envelope {
  return {
    queueId: `Q${++serial}`,
    reversePath: "sender@example.net",
    smtpUtf8: false,
    body: "7bit",
    prefix: NO_OCTETS,
    deliveries: [],
    recipients: [],
    ...more,
  };
}

export function deliveryTo(account: Account, more: Partial<LocalDelivery> = {}): LocalDelivery {
  return { accountId: account.id, prefix: NO_OCTETS, recipient: account.address, ...more };
}

export async function acceptFor(
  store: Store,
  envelope: Partial<Envelope>,
  octets: Uint8Array = MESSAGE,
  more: Partial<Acceptance> = {},
): Promise<AcceptedEnvelope> {
  const [accepted] = await store.accept({
    message: store.octets.stageOctets(octets),
    receivedAtMs: Date.UTC(2026, 0, 1),
    envelopes: [envelopeOf(envelope)],
    ...more,
  });
  return accepted;
}

/** Appends small messages; returns their UIDs. */
export async function appendTo(
  store: Store,
  grant: MailboxGrant,
  count: number,
  flags: readonly string[] = [],
): Promise<readonly number[]> {
  const { uids } = await store.mail.append(
    grant,
    Array.from({ length: count }, () => ({
      message: store.octets.stageOctets(MESSAGE),
      flags,
      internalDateMs: Date.UTC(2026, 0, 1),
    })),
  );
  return uids;
}

/** The id at a position of an open mailbox; the last for -1. */
export function idAt(box: OpenMailbox | undefined, index: number): MessageId {
  if (box === undefined || box.count === 0) throw new Error("no message there");
  return box.messageIds[index < 0 ? box.count + index : index];
}
