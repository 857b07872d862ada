/**
 * When the store says that a mailbox is full: the same envelopes, but copies that do not fit wait in
 * the queue instead (their recipients were accepted, so they are ours to care for).
 */

import type { Envelope, LocalDelivery } from "../../store/acceptance.ts";
import type { Directory } from "../../store/directory.ts";
import { LOCAL_TRANSPORT } from "../agents/transports.ts";

/** Undefined: no mailbox of these is full. */
export function withoutFullMailboxes(
  envelopes: readonly Envelope[],
  sizeOctets: number,
  directory: Pick<Directory, "accountById" | "usage">,
): readonly Envelope[] | undefined {
  const added = new Map<number, number>();
  let moved = 0;
  const fits = (delivery: LocalDelivery): boolean => {
    const quota = directory.accountById(delivery.accountId)?.quotaOctets;
    if (quota === undefined) return true;
    const before = added.get(delivery.accountId) ?? 0;
    const size = sizeOctets + delivery.prefix.length;
    if (directory.usage(delivery.accountId).octets + before + size > quota) return false;
    added.set(delivery.accountId, before + size);
    return true;
  };
  const result = envelopes.map((envelope) => {
    const deliveries = envelope.deliveries.filter(fits);
    const waiting = envelope.deliveries
      .filter((delivery) => !deliveries.includes(delivery))
      .map(({ recipient }) => ({
        recipient,
        transport: LOCAL_TRANSPORT,
        destination: LOCAL_TRANSPORT,
      }));
    moved += waiting.length;
    return { ...envelope, deliveries, recipients: [...envelope.recipients, ...waiting] };
  });
  return moved === 0 ? undefined : result;
}
