/**
 * From accepted recipients to the envelopes that the store takes: local copies, queued copies, one
 * envelope for what shares a reverse-path and a prefix. Each account gets one copy of an envelope,
 * each remote address one, however many recipients lead there.
 */

import { concatBytes, encodeUtf8, NO_OCTETS } from "../../base/bytes.ts";
import { formatAddress, parseAddress, type Address } from "../../message/addr-spec.ts";
import type {
  DeliverBy,
  Envelope,
  LocalDelivery,
  QueuedRecipient,
} from "../../store/acceptance.ts";
import type { Branch, DeliveryTarget, LocalTarget } from "../resolution/resolution.ts";
import { chooseRoute, type Route, type RouteConfig } from "../routing/choose-route.ts";
import type { ForwardedSender } from "../forwarding/forwarded-sender.ts";
import { LOCAL_TRANSPORT, TARGET_TRANSPORT } from "../agents/transports.ts";
import type { TraceFacts } from "./trace-facts.ts";
import { copiesOf, type AcceptedRecipient, type Transaction } from "./transaction.ts";

export type EnvelopeContext = {
  readonly transaction: Transaction;
  readonly queueId: string;
  readonly body: Envelope["body"];
  readonly needsSmtpUtf8: boolean;
  readonly hasLongLines?: boolean;
  readonly facts: TraceFacts;
  readonly config: RouteConfig;
  /** Under whose name an alias sends copies on; default: the sender's. */
  readonly forwarded?: Pick<ForwardedSender, "of">;
};

export type BuiltEnvelopes = {
  readonly envelopes: readonly Envelope[];
  /** Addresses that the message has been to already. Without any envelope, that is all there was. */
  readonly loops: readonly string[];
  /** What the sender wants to hear of copies for mailboxes, should one have to wait in the queue. */
  readonly wishes: ReadonlyMap<LocalDelivery, RecipientWishes>;
};

export type RecipientWishes = Pick<QueuedRecipient, "notify" | "originalRecipient">;

type OpenEnvelope = {
  readonly isList: boolean;
  readonly reversePath: string;
  readonly prefix: Uint8Array;
  readonly deliveries: Map<number, LocalDelivery>;
  readonly recipients: Map<string, QueuedRecipient>;
};

export function buildEnvelopes(context: EnvelopeContext): BuiltEnvelopes {
  const builder = new EnvelopeBuilder(context);
  for (const recipient of context.transaction.recipients) builder.add(recipient);
  return builder.finish();
}

class EnvelopeBuilder {
  readonly #context: EnvelopeContext;
  readonly #open: Map<string, OpenEnvelope> = new Map();
  readonly #loops: { readonly recipient: AcceptedRecipient; readonly address: string }[] = [];
  readonly #wishes: Map<LocalDelivery, RecipientWishes> = new Map();

  constructor(context: EnvelopeContext) {
    this.#context = context;
  }

  add(recipient: AcceptedRecipient): void {
    for (const branch of recipient.resolution.branches) this.#addBranch(recipient, branch);
    for (const problem of recipient.resolution.problems) {
      // The other copies go out; this one fails in the queue, where somebody hears of it.
      if (parseAddress(problem.address).ok) this.#queueLocally(recipient, problem.address);
    }
  }

  finish(): BuiltEnvelopes {
    if (this.#open.size > 0) {
      // Others get theirs; these fail in the queue, and the sender hears of it.
      for (const { recipient, address } of this.#loops) this.#queueLocally(recipient, address);
    }
    return {
      envelopes: this.#envelopes(),
      loops: this.#loops.map(({ address }) => address),
      wishes: this.#wishes,
    };
  }

  #envelopes(): Envelope[] {
    const { transaction, queueId, body, needsSmtpUtf8, hasLongLines, facts } = this.#context;
    const { envid, ret, holdUntilMs, requireTls, priority } = transaction.params;
    // RFC 8689 §5: the field counts only where the envelope says nothing.
    const tls = requireTls === true ? "required" : facts.waivesTls ? "waived" : undefined;
    const { heldBecause } = transaction.marks;
    return [...this.#open.values()].map((open, index) => ({
      queueId: index === 0 ? queueId : `${queueId}-${index}`,
      reversePath: open.reversePath,
      // RFC 3461 §5.2.7.3: a list answers for its copies itself.
      envid: open.isList ? undefined : envid,
      ret: open.isList ? undefined : ret,
      smtpUtf8: needsSmtpUtf8,
      body,
      prefix: open.prefix,
      deliveries: [...open.deliveries.values()],
      recipients: [...open.recipients.values()],
      notBeforeMs: holdUntilMs,
      heldBecause,
      tls,
      // A list sends anew, in its own name: the time was a matter between the sender and the list.
      deliverBy: open.isList ? undefined : deliverByOf(transaction),
      hasLongLines,
      priority,
      submittedBy: transaction.account?.address,
    }));
  }

  #addBranch(recipient: AcceptedRecipient, branch: Branch): void {
    if (this.#isLoop(branch)) {
      this.#loops.push({ recipient, address: branch.name });
      return;
    }
    for (const local of branch.locals) this.#addLocal(recipient, branch, local);
    for (const address of branch.remotes) this.#addRemote(recipient, branch, address);
    for (const target of branch.targets) this.#addTarget(recipient, branch, target);
  }

  #addLocal(
    recipient: AcceptedRecipient,
    branch: Branch,
    { account, recipient: address, detail }: LocalTarget,
  ): void {
    const { deliveredTo } = this.#context.facts;
    if (deliveredTo.has(address.toLowerCase()) || deliveredTo.has(account.address)) {
      this.#loops.push({ recipient, address });
      return;
    }
    const envelope = this.#envelopeOf(branch);
    const { marks, params } = this.#context.transaction;
    if (marks.heldBecause !== undefined || params.holdUntilMs !== undefined) {
      holdLocally(envelope, recipient, branch, { account, recipient: address, detail });
      return;
    }
    if (envelope.deliveries.has(account.id)) return;
    const delivery = {
      accountId: account.id,
      recipient: address,
      prefix: deliveryPrefix(envelope.reversePath, address, this.#tagged(branch.prefix)),
    };
    envelope.deliveries.set(account.id, delivery);
    this.#wishes.set(delivery, wishesOf(recipient, branch));
  }

  #addRemote(recipient: AcceptedRecipient, branch: Branch, address: Address): void {
    const envelope = this.#envelopeOf(branch);
    const text = formatAddress(address);
    const known = envelope.recipients.get(text);
    if (known !== undefined && branch.kind !== "direct") return;
    const { transport, destination } = this.#routeFor(address, envelope.reversePath);
    const wishes = wishesOf(recipient, branch);
    envelope.recipients.set(text, { recipient: text, transport, destination, ...wishes });
  }

  #addTarget(recipient: AcceptedRecipient, branch: Branch, { name, text }: DeliveryTarget): void {
    if (this.#context.facts.deliveredTo.has(name)) {
      this.#loops.push({ recipient, address: name });
      return;
    }
    const wishes = wishesOf(recipient, branch);
    const where = { transport: TARGET_TRANSPORT, destination: text };
    // One alias may name several targets: each has a row of its own.
    const { recipients } = this.#envelopeOf(branch);
    recipients.set(`${name} ${text}`, { recipient: name, ...where, ...wishes });
  }

  #routeFor(recipient: Address, sender: string): Route {
    const account = this.#context.transaction.account?.address;
    return chooseRoute({ recipient, sender, account }, this.#context.config);
  }

  /** A local recipient whose fate the queue decides, and reports. */
  #queueLocally(recipient: AcceptedRecipient, address: string): void {
    const envelope = this.#envelopeOf(DIRECT);
    if (envelope.recipients.has(address)) return;
    const { notify, orcpt } = recipient.params;
    envelope.recipients.set(address, {
      recipient: address,
      originalRecipient: orcpt,
      notify,
      transport: LOCAL_TRANSPORT,
      destination: LOCAL_TRANSPORT,
    });
  }

  /** With the fields that rules have added. */
  #tagged(prefix: Uint8Array): Uint8Array {
    const { prefix: tags } = this.#context.transaction.marks;
    return tags.length === 0 ? prefix : concatBytes([tags, prefix]);
  }

  #isLoop(branch: Branch): boolean {
    const { listIds, deliveredTo } = this.#context.facts;
    if (branch.listId !== undefined) return listIds.has(branch.listId);
    return branch.kind === "alias" && deliveredTo.has(branch.name);
  }

  #senderOf({ kind, name }: Pick<Branch, "kind" | "name">): string {
    const { transaction, forwarded } = this.#context;
    const { sender } = transaction;
    return kind === "alias" ? (forwarded?.of(sender, name) ?? sender) : sender;
  }

  #envelopeOf(branch: Pick<Branch, "kind" | "name" | "reversePath" | "prefix">): OpenEnvelope {
    const key = branch.kind === "direct" ? "direct" : `${branch.kind} ${branch.name}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const envelope: OpenEnvelope = {
      isList: branch.kind === "list",
      reversePath: branch.reversePath ?? this.#senderOf(branch),
      prefix: this.#tagged(branch.kind === "alias" ? forwardPrefix(branch.name) : branch.prefix),
      deliveries: new Map(),
      recipients: new Map(),
    };
    this.#open.set(key, envelope);
    return envelope;
  }
}

/** RFC 2852 §4.1.3: the time began with MAIL. */
function deliverByOf({ params, startedMs }: Transaction): DeliverBy | undefined {
  if (params.deliverBy === undefined) return undefined;
  const { seconds, mode, trace } = params.deliverBy;
  return { untilMs: startedMs + seconds * 1000, mode, trace };
}

/** A copy for a mailbox that waits in the queue (held, or RFC 4865), under a name that still leads there later. */
function holdLocally(
  envelope: OpenEnvelope,
  recipient: AcceptedRecipient,
  branch: Branch,
  { account, recipient: address, detail }: LocalTarget,
): void {
  const user = account.address.slice(0, account.address.lastIndexOf("@"));
  const isOwnName = detail !== undefined && address.toLowerCase().startsWith(user);
  const text = isOwnName ? address : account.address;
  if (envelope.recipients.has(text)) return;
  const wishes = wishesOf(recipient, branch);
  const where = { transport: LOCAL_TRANSPORT, destination: LOCAL_TRANSPORT };
  envelope.recipients.set(text, { recipient: text, ...where, ...wishes });
}

const DIRECT = {
  kind: "direct",
  name: "",
  reversePath: undefined,
  prefix: NO_OCTETS,
} as const;

function wishesOf(recipient: AcceptedRecipient, branch: Branch): RecipientWishes {
  // A list answers for its copies itself (RFC 3461 §5.2.7.3): the sender's wishes end here.
  if (branch.kind === "list") return {};
  const { notify, orcpt } = recipient.params;
  // Of an alias of several targets the sender hears here that it was expanded, and no more.
  const isExpanded = copiesOf(recipient.resolution) > 1;
  return {
    notify: isExpanded ? notify?.filter((wish) => wish !== "success") : notify,
    originalRecipient: orcpt ?? changedRecipient(recipient, branch),
  };
}

/** RFC 3461 §4.2: what the sender wrote, where an alias has changed it. */
function changedRecipient(recipient: AcceptedRecipient, branch: Branch): string | undefined {
  if (branch.kind === "direct") return undefined;
  const type = /[^\u0000-\u007f]/.test(recipient.text) ? "utf-8" : "rfc822";
  return `${type};${recipient.text}`;
}

/** RFC 5321 §4.4: Return-Path comes with final delivery. Delivered-To shows a loop. */
export function deliveryPrefix(
  reversePath: string,
  recipient: string,
  branchPrefix: Uint8Array,
): Uint8Array {
  const trace = encodeUtf8(`Return-Path: <${reversePath}>\r\nDelivered-To: ${recipient}\r\n`);
  return branchPrefix.length === 0 ? trace : concatBytes([trace, branchPrefix]);
}

function forwardPrefix(alias: string): Uint8Array {
  // A name that is not ASCII would need SMTPUTF8 of all later hops; loops end by Received, too.
  if (!/^[ -~]+$/.test(alias)) return NO_OCTETS;
  return encodeUtf8(`Delivered-To: ${alias}\r\n`);
}
