/**
 * Copies for our own mailboxes that could not be filed at once: a full mailbox, an alias target
 * that is broken, a message that has been there already. Looks again, and either files the copy
 * together with the outcome or says what is wrong.
 */

import type { Clock } from "../../../base/clock.ts";
import { addressKey, parseAddress, type Address } from "../../../message/addr-spec.ts";
import type { Acceptance } from "../../../store/acceptance.ts";
import type { Store } from "../../../store/contract.ts";
import type { Account } from "../../../store/directory.ts";
import type { QueueJob, QueuedMessage, QueueRecipient } from "../../../store/queue.ts";
import type { MtaConfig } from "../../config.ts";
import { deliveryPrefix } from "../../reception/build-envelopes.ts";
import { traceFacts, type TraceFacts } from "../../reception/trace-facts.ts";
import type { AddressResolver } from "../../resolution/address-resolver.ts";
import { refusalOf } from "../../resolution/resolution.ts";
import type { DeliveryAgent, RecipientOutcome } from "../outcome.ts";

type Verdict = Pick<RecipientOutcome, "kind" | "status" | "problem" | "acceptance">;

/** Enough of a message to see where it has been. */
const HEADER_OCTETS = 256 * 1024;

export class LocalAgent implements DeliveryAgent {
  readonly #store: Pick<Store, "directory" | "octets">;
  readonly #resolver: AddressResolver;
  readonly #clock: Clock;
  readonly #delimiter: string;

  constructor(
    deps: {
      readonly store: Pick<Store, "directory" | "octets">;
      readonly resolver: AddressResolver;
      readonly clock: Clock;
    },
    config: Pick<MtaConfig, "recipientDelimiter">,
  ) {
    this.#store = deps.store;
    this.#resolver = deps.resolver;
    this.#clock = deps.clock;
    this.#delimiter = config.recipientDelimiter;
  }

  async deliver(job: QueueJob): Promise<readonly RecipientOutcome[]> {
    const { message } = job;
    const head = await this.#store.octets.read(
      message.messageId,
      0,
      Math.min(HEADER_OCTETS, message.sizeOctets),
    );
    const facts = traceFacts(head);
    return job.recipients.map((recipient) => this.#outcome(recipient, message, facts));
  }

  #outcome(recipient: QueueRecipient, message: QueuedMessage, facts: TraceFacts): RecipientOutcome {
    const verdict = this.#judge(recipient, message, facts);
    return {
      recipient,
      ...verdict,
      remoteHost: undefined,
      diagnostic: undefined,
      mustReportSuccess: recipient.notify?.includes("success") === true,
      connectMs: 0,
      transferMs: 0,
      attempt: {
        atMs: this.#clock.nowMs(),
        durationMs: 0,
        host: "local",
        tls: undefined,
        reply: verdict.problem,
      },
    };
  }

  #judge(recipient: QueueRecipient, message: QueuedMessage, facts: TraceFacts): Verdict {
    const address = parseAddress(recipient.recipient);
    if (!address.ok) return failed("5.1.3", `${recipient.recipient} is not an address.`);
    if (this.#hasBeenThere(address.value, facts)) {
      return failed("5.4.6", "The message has been delivered there before: it goes in circles.");
    }
    const account = this.#accountOf(address.value);
    if (account === undefined) {
      const refusal = refusalOf(
        this.#resolver.resolve(address.value, {
          reversePath: message.reversePath,
          account: message.submittedBy,
        }),
      );
      if (refusal === undefined)
        return failed("5.1.1", "This address changed while the mail waited.");
      const kind = refusal.code < 500 ? "deferred" : "failed";
      return { kind, status: refusal.status, problem: refusal.text };
    }
    if (!account.isEnabled) return failed("5.2.1", "The mailbox is switched off.");
    const prefix = deliveryPrefix(message.reversePath, recipient.recipient, message.prefix);
    const size = message.sizeOctets + prefix.length;
    const room = this.#store.directory.room(account.id);
    if (size > room.octets || room.messages < 1) {
      if (size > (account.quotaOctets ?? Infinity))
        return failed("5.2.2", "The message is larger than the mailbox may be.");
      return { kind: "deferred", status: "4.2.2", problem: "The mailbox is full." };
    }
    return {
      kind: "delivered",
      status: "2.1.5",
      problem: "stored in the mailbox",
      acceptance: filing(message, account, recipient.recipient, prefix),
    };
  }

  #hasBeenThere(address: Address, { deliveredTo, listIds }: TraceFacts): boolean {
    const key = addressKey(address);
    if (deliveredTo.has(key)) return true;
    const account = this.#accountOf(address);
    if (account !== undefined) return deliveredTo.has(account.address);
    return this.#resolver
      .resolve(address)
      .branches.some(({ listId }) => listId !== undefined && listIds.has(listId));
  }

  #accountOf(address: Address): Account | undefined {
    const exact = this.#store.directory.account(addressKey(address));
    const cut = this.#delimiter === "" ? -1 : address.localPart.indexOf(this.#delimiter);
    if (exact !== undefined || cut <= 0) return exact;
    const user = { localPart: address.localPart.slice(0, cut), domain: address.domain };
    return this.#store.directory.account(addressKey(user));
  }
}

function failed(status: string, problem: string): Verdict {
  return { kind: "failed", status, problem };
}

function filing(
  message: QueuedMessage,
  account: Account,
  recipient: string,
  prefix: Uint8Array,
): Acceptance {
  return {
    message: { stored: message.messageId },
    receivedAtMs: message.arrivedAtMs,
    envelopes: [
      {
        queueId: message.queueId,
        reversePath: message.reversePath,
        smtpUtf8: message.smtpUtf8,
        body: message.body,
        prefix: message.prefix,
        deliveries: [{ accountId: account.id, recipient, prefix }],
        recipients: [],
      },
    ],
  };
}
