/** Turns an acceptance into a request for the writer, its octets packed apart. */

import { InvariantError } from "../../base/errors.ts";
import type { AcceptedEnvelope, Acceptance } from "../acceptance.ts";
import type { StagedMessage } from "../octets.ts";
import type { Packer } from "./packer.ts";
import type { AcceptRequest } from "./requests.ts";
import { Staged } from "./staging.ts";

/** The staged message of an acceptance, if it has one; only our own will do. */
export function stagedOf(message: Acceptance["message"]): Staged | undefined {
  if ("stored" in message) return undefined;
  return ownStaged(message);
}

export function ownStaged(message: StagedMessage): Staged {
  if (message instanceof Staged) return message;
  throw new InvariantError("a message must be staged with the store that takes it");
}

export function acceptRequest(acceptance: Acceptance, packer: Packer): AcceptRequest {
  const { message } = acceptance;
  return {
    source:
      "stored" in message
        ? { kind: "stored", id: message.stored }
        : ownStaged(message).source(packer),
    receivedAtMs: Math.round(acceptance.receivedAtMs),
    envelopes: acceptance.envelopes.map((envelope) => ({
      ...envelope,
      prefix: packer.extra(envelope.prefix),
      deliveries: envelope.deliveries.map((delivery) => ({
        ...delivery,
        prefix: packer.extra(delivery.prefix),
      })),
    })),
  };
}

/** Puts the writer's numbers (mailbox, UID, MODSEQ of each delivery) beside the envelopes they belong to. */
export function acceptedEnvelopes(
  acceptance: Acceptance,
  filed: readonly number[],
): AcceptedEnvelope[] {
  let at = 0;
  return acceptance.envelopes.map(({ queueId, deliveries }) => ({
    queueId,
    deliveries: deliveries.map(({ accountId }) => {
      const [mailboxId, uid, modSeq] = filed.slice(at, (at += 3));
      return { accountId, mailboxId, uid, modSeq };
    }),
  }));
}
