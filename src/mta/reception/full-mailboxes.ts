/**
 * When the store says that a mailbox is full: the same envelopes, but copies that do not fit wait in
 * the queue instead (their recipients were accepted, so they are ours to care for).
 */

import type { Envelope, LocalDelivery } from "../../store/acceptance.ts";
import type { Directory, Usage } from "../../store/directory.ts";
import { LOCAL_TRANSPORT } from "../agents/transports.ts";
import type { BuiltEnvelopes } from "./build-envelopes.ts";

/** Undefined: no mailbox of these is full. */
export function withoutFullMailboxes(
  envelopes: readonly Envelope[],
  sizeOctets: number,
  directory: Pick<Directory, "room">,
  /** What their sender wants to hear; default: what everybody hears. */
  wishes?: BuiltEnvelopes["wishes"],
): readonly Envelope[] | undefined {
  const added = new Map<number, Usage>();
  let moved = 0;
  const fits = (delivery: LocalDelivery): boolean => {
    const room = directory.room(delivery.accountId);
    const before = added.get(delivery.accountId);
    const octets = (before?.octets ?? 0) + sizeOctets + delivery.prefix.length;
    const messages = (before?.messages ?? 0) + 1;
    if (octets > room.octets || messages > room.messages) return false;
    added.set(delivery.accountId, { octets, messages });
    return true;
  };
  const result = envelopes.map((envelope) => {
    const deliveries = envelope.deliveries.filter(fits);
    const waiting = envelope.deliveries
      .filter((delivery) => !deliveries.includes(delivery))
      .map((delivery) => ({
        recipient: delivery.recipient,
        transport: LOCAL_TRANSPORT,
        destination: LOCAL_TRANSPORT,
        ...wishes?.get(delivery),
      }));
    moved += waiting.length;
    return { ...envelope, deliveries, recipients: [...envelope.recipients, ...waiting] };
  });
  return moved === 0 ? undefined : result;
}
