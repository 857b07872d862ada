/** Accepting a message: stored once, filed and queued in one go (DESIGN: one commit). */

import { isSharedName } from "../shared-name.ts";
import type { CommitContext } from "./commit-context.ts";
import { checkQuota, countIn, flagsIn, takeUid } from "./entry-rows.ts";
import type { MailboxState } from "./ledger.ts";
import { mailboxKey } from "./mailbox-name.ts";
import { isClosedToPosts } from "./operations-acl.ts";
import { insertMailbox } from "./operations-mailbox.ts";
import { FEED_ADDED } from "./feed-entry.ts";
import { HELD, READY, WAITING } from "./queue-rows.ts";
import {
  type AcceptRequest,
  type AnswerOf,
  type DeliveryRequest,
  type EnvelopeRequest,
  type RequestOf,
} from "./requests.ts";
import { threadOf, threadOfStored } from "./thread-of.ts";
import { sizeOf, storeMessage, type StoredMessageRow } from "./store-message.ts";

export function accept(context: CommitContext, request: AcceptRequest): AnswerOf<"accept"> {
  const size = sizeOf(context, request.source);
  for (const envelope of request.envelopes) {
    for (const delivery of envelope.deliveries) {
      checkQuota(context, delivery.accountId, size + delivery.prefix[1]);
    }
  }
  const filed: number[] = [];
  const isForNobody = request.envelopes.every(
    ({ deliveries, recipients }) => deliveries.length + recipients.length === 0,
  );
  if (isForNobody) return filed;
  const message = storeMessage(context, request.source);
  for (const envelope of request.envelopes) {
    if (envelope.recipients.length > 0) enqueue(context, envelope, message, request.receivedAtMs);
    for (const delivery of envelope.deliveries) {
      deliver(context, delivery, message, request.receivedAtMs, filed);
    }
  }
  return filed;
}

export function append(context: CommitContext, request: RequestOf<"append">): AnswerOf<"append"> {
  const mailbox = context.ledger.mailbox(request.mailboxId);
  let total = 0;
  for (const { source } of request.messages) total += sizeOf(context, source);
  checkQuota(context, mailbox.accountId, total, request.messages.length);
  const uids = request.messages.map(({ source, flags, internalDateMs }) => {
    const message = storeMessage(context, source);
    return file(context, mailbox, message, { flags, internalDateMs, prefix: undefined }).uid;
  });
  return { uidValidity: mailbox.uidValidity, uids };
}

type Filing = {
  readonly flags: readonly string[];
  readonly internalDateMs: number;
  readonly prefix: Uint8Array | undefined;
};

function deliver(
  context: CommitContext,
  delivery: DeliveryRequest,
  message: StoredMessageRow,
  receivedAtMs: number,
  filed: number[],
): void {
  const { ledger } = context;
  const wanted = mailboxKey(delivery.mailbox ?? "INBOX");
  // A name that is others' is none to deliver to.
  const name = isSharedName(wanted) ? "INBOX" : wanted;
  const named =
    ledger.mailboxByName(delivery.accountId, name) ??
    insertMailbox(context, delivery.accountId, name, null);
  // What may not be posted to a mailbox still came for its owner.
  const isClosed = name !== "INBOX" && isClosedToPosts(context, named.id);
  const inbox = isClosed ? ledger.mailboxByName(delivery.accountId, "INBOX") : undefined;
  const mailbox = inbox ?? named;
  const { uid, modSeq } = file(context, mailbox, message, {
    flags: delivery.flags ?? [],
    internalDateMs: receivedAtMs,
    prefix: delivery.prefix[1] === 0 ? undefined : context.extra(delivery.prefix),
  });
  filed.push(mailbox.id, uid, modSeq);
}

/** UID, MODSEQ and visibility in that order, in one transaction (Invariants 3 and 4). */
function file(
  context: CommitContext,
  mailbox: MailboxState,
  message: StoredMessageRow,
  filing: Filing,
): { uid: number; modSeq: number } {
  const { database, ledger } = context;
  checkQuota(context, mailbox.accountId, message.sizeOctets + (filing.prefix?.length ?? 0));
  ledger.change(mailbox);
  const known = mailbox.keywords;
  const bits = flagsIn(mailbox, filing.flags);
  const uid = takeUid(mailbox);
  const size = message.sizeOctets + (filing.prefix?.length ?? 0);
  const modSeq = ledger.takeModSeq(mailbox);
  const thread =
    message.threadHashes === undefined
      ? threadOfStored(context, mailbox.accountId, message.id)
      : threadOf(context, mailbox.accountId, message.id, message.threadHashes);
  database.run(
    `INSERT INTO entry (mailbox_id, uid, message_id, flags, flags_high, mod_seq,
       internal_date_ms, saved_date_ms, size_octets, prefix, thread_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    mailbox.id,
    uid,
    message.id,
    bits.low,
    bits.high,
    modSeq,
    filing.internalDateMs,
    context.nowMs,
    size,
    filing.prefix ?? null,
    thread,
  );
  countIn(context, mailbox, bits.low, size);
  ledger.enter(mailbox, FEED_ADDED, [uid, uid], {
    modSeq,
    rows: [
      uid,
      bits.low,
      bits.high,
      message.id,
      filing.internalDateMs,
      context.nowMs,
      size,
      thread,
    ],
    ...(mailbox.keywords !== known && { keywords: mailbox.keywords }),
  });
  return { uid, modSeq };
}

/** Rows for the recipients that need a further hop. */
function enqueue(
  context: CommitContext,
  envelope: EnvelopeRequest,
  message: StoredMessageRow,
  receivedAtMs: number,
): void {
  const { database } = context;
  database.run(
    `INSERT INTO envelope (queue_id, message_id, reverse_path, envid, ret, smtp_utf8, body, prefix,
       arrived_at_ms, submitted_by, size_octets, recipients, tls, by_until_ms, by_mode, by_trace,
       long_lines, priority) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    envelope.queueId,
    message.id,
    envelope.reversePath,
    envelope.envid ?? null,
    envelope.ret ?? null,
    envelope.smtpUtf8 ? 1 : 0,
    envelope.body,
    context.extra(envelope.prefix),
    receivedAtMs,
    envelope.submittedBy ?? null,
    message.sizeOctets,
    envelope.recipients.length,
    envelope.tls ?? null,
    envelope.deliverBy === undefined ? null : Math.round(envelope.deliverBy.untilMs),
    envelope.deliverBy?.mode ?? null,
    envelope.deliverBy?.trace === true ? 1 : 0,
    envelope.hasLongLines === true ? 1 : 0,
    envelope.priority ?? 0,
  );
  const id = database.get<{ id: number }>("SELECT last_insert_rowid() AS id")?.id ?? 0;
  insertRecipients(context, id, envelope, message, receivedAtMs);
  context.isQueueChanged = true;
}

function insertRecipients(
  { database, fairRank, lanes }: CommitContext,
  envelopeId: number,
  envelope: EnvelopeRequest,
  message: StoredMessageRow,
  receivedAtMs: number,
): void {
  const { recipients, heldBecause, notBeforeMs = receivedAtMs, priority = 0 } = envelope;
  const isReady = heldBecause === undefined && notBeforeMs <= receivedAtMs;
  const ranks = fairRank.take(
    [`sender ${envelope.submittedBy ?? envelope.reversePath}`, `message ${message.id}`],
    { arrivedMs: Math.ceil(receivedAtMs), priority, count: recipients.length },
  );
  for (const [index, recipient] of recipients.entries()) {
    database.run(
      `INSERT INTO recipient (envelope_id, recipient, domain, original_recipient, notify, transport,
         destination, state, held_because, attempts, next_attempt_ms, is_delay_reported,
         arrived_at_ms, rank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?)`,
      envelopeId,
      recipient.recipient,
      domainOf(recipient.recipient),
      recipient.originalRecipient ?? null,
      recipient.notify ? recipient.notify.join(",") : null,
      recipient.transport,
      recipient.destination,
      heldBecause !== undefined ? HELD : isReady ? READY : WAITING,
      heldBecause ?? null,
      Math.ceil(notBeforeMs),
      Math.round(receivedAtMs),
      ranks[index],
    );
    if (isReady) lanes.offer(recipient.destination, ranks[index]);
  }
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
