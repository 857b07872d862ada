/**
 * The handler behind the SMTP server: what Posthorn says to each command of one session. One
 * object for a session; the rules it applies are in the files beside it.
 *
 * RFC 5321 for relay, RFC 6409 for submission.
 */

import type { Address } from "../../message/addr-spec.ts";
import { makeMessageId } from "../../message/message-id.ts";
import { certificateIdentity } from "../../sasl/certificate-identity.ts";
import type { ServerMechanism } from "../../sasl/mechanism.ts";
import { advertisedMechanisms, serverMechanism } from "../../sasl/server-mechanism.ts";
import type { SaslServerDeps } from "../../sasl/server-deps.ts";
import type {
  MailParams,
  MessageSink,
  RcptParams,
  ReversePath,
  SmtpHandler,
  SmtpSession,
} from "../../smtp/handler.ts";
import { reply, type Reply } from "../../smtp/reply.ts";
import type { Account } from "../../store/directory.ts";
import type { HeaderTexts } from "../policy/policy.ts";
import { mark, refusalIn, SessionPolicy } from "../policy/session-policy.ts";
import { makeQueueId } from "../queue-id.ts";
import type { Service } from "../service.ts";
import type { Resolution } from "../resolution/resolution.ts";
import { acceptForEachRecipient } from "./accept-for-each-recipient.ts";
import { calloutRefusal } from "./callout.ts";
import { acceptMessage } from "./accept-message.ts";
import { completeSubmission } from "./complete-submission.ts";
import { decideRecipient } from "./recipient-decision.ts";
import { receivedField } from "./received-field.ts";
import { ReceivingSink } from "./receiving-sink.ts";
import type { ReceptionDeps } from "./reception-deps.ts";
import {
  ACCOUNT_GONE,
  AUTHENTICATE_FIRST,
  DISK_LOW,
  senderDenied,
  TOO_MANY_GIVEN_UP,
  TOO_MANY_RECIPIENTS,
} from "./refusals.ts";
import { leavesUs, namedRecipient, recipientText, Transaction } from "./transaction.ts";
import { grantWishes } from "./transfer-wishes.ts";

export type { Service } from "../service.ts";

/** Rules that ask for a client's name wait for DNS so long; then it is unknown. */
const CLIENT_NAME_MS = 10_000;

export class Reception implements SmtpHandler {
  readonly #service: Service;
  readonly #session: SmtpSession;
  readonly #deps: ReceptionDeps;
  readonly #policy: SessionPolicy;
  #peerName: string | undefined;
  #transaction: Transaction | undefined;

  constructor(service: Service, session: SmtpSession, deps: ReceptionDeps) {
    this.#service = service;
    this.#session = session;
    this.#deps = deps;
    this.#policy = new SessionPolicy(deps.policy, service, session, deps.log);
  }

  async connect(): Promise<Reply | undefined> {
    if (this.#isGuarded && this.#deps.uploadGuard.isTooMany(this.#session.peer.address)) {
      return TOO_MANY_GIVEN_UP;
    }
    // The name is a help to whoever reads Received; only rules wait for it.
    const named = this.#deps.peerNames.find(this.#session.peer.address).then(
      (name) => (this.#peerName = this.#policy.clientName = name),
      () => undefined,
    );
    if (this.#policy.needsClientName) await this.#waitFor(named);
    return refusalIn(this.#policy.decide("connect"));
  }

  async helo(name: string): Promise<Reply | undefined> {
    return refusalIn(this.#policy.decide("helo", {}, name));
  }

  mechanisms(): readonly string[] {
    if (!this.#offersAuth()) return [];
    return advertisedMechanisms(this.#saslDeps(), {
      tls: this.#session.tls !== undefined,
      allowInClear: this.#deps.clearAuthNetworks.has(this.#session.peer.address),
    });
  }

  startMechanism(name: string): ServerMechanism | undefined {
    const wanted = name.toUpperCase();
    if (!this.mechanisms().includes(wanted)) return undefined;
    return serverMechanism(wanted, this.#saslDeps());
  }

  async authenticated(identity: string): Promise<Reply | undefined> {
    const account = this.#deps.store.directory.account(identity);
    return account?.isEnabled ? undefined : ACCOUNT_GONE;
  }

  async mail(reversePath: ReversePath, params: MailParams): Promise<Reply | undefined> {
    const account = this.#account();
    if (this.#session.identity !== undefined && account === undefined) return ACCOUNT_GONE;
    if (this.#service === "submission" && account === undefined) return AUTHENTICATE_FIRST;
    if (account !== undefined && reversePath !== "null") {
      const { senderPermission } = this.#deps;
      if (!senderPermission.maySendAs(account, reversePath)) {
        const allowed = senderPermission.allowedSenders(account);
        return senderDenied(recipientText(reversePath), account.address, allowed);
      }
    }
    if (await this.#deps.diskGauge.isLow()) return DISK_LOW;
    const nowMs = this.#deps.clock.nowMs();
    const granted = grantWishes(params, {
      mayHurry: this.#deps.relay.isKnown(this.#session, account),
      nowMs,
    });
    if ("refusal" in granted) return granted.refusal;
    const own = reversePath === "null" ? undefined : this.#deps.maps.sender(reversePath)?.address;
    const transaction = new Transaction(own ?? reversePath, granted.params, account, nowMs);
    const { sizeOctets } = params;
    const action = this.#policy.decide("sender", { sender: transaction.sender, sizeOctets });
    const refusal = refusalIn(action);
    if (refusal !== undefined) return refusal;
    mark(transaction.marks, action);
    this.#transaction = transaction;
    return granted.reply;
  }

  async rcpt(recipient: Address, params: RcptParams): Promise<Reply | undefined> {
    const transaction = this.#transaction;
    if (transaction === undefined) return reply(503, "5.5.1", "MAIL comes first");
    const account = this.#account();
    if (this.#session.identity !== undefined && account === undefined) return ACCOUNT_GONE;
    if (transaction.recipients.length >= this.#deps.config.reception.recipientsPerMessage) {
      return TOO_MANY_RECIPIENTS;
    }
    const text = recipientText(recipient);
    const { sender, params: mailParams } = transaction;
    const { sizeOctets } = mailParams;
    const action = this.#policy.decide("recipient", { sender, recipient: text, sizeOctets });
    const refusal = refusalIn(action);
    if (refusal !== undefined) return refusal;
    if (action.type === "discard") {
      transaction.recipients.push({ text, params, resolution: DISCARDED });
      return undefined;
    }
    const decision = decideRecipient(recipient, this.#session, transaction, {
      resolver: this.#deps.resolver,
      directory: this.#deps.store.directory,
      relay: this.#deps.relay,
      account,
    });
    if (!decision.accepted) return decision.reply;
    const { resolution } = decision;
    const unverified = await calloutRefusal(
      recipient,
      resolution,
      this.#session,
      transaction,
      this.#deps,
    );
    if (unverified !== undefined) return unverified;
    for (const problem of resolution.problems) {
      this.#deps.log.warn("mta.broken-target", {
        address: text,
        target: problem.address,
        dsn: problem.status,
        problem: problem.text,
      });
    }
    mark(transaction.marks, action);
    transaction.recipients.push({ text, params, resolution });
    return undefined;
  }

  async data(): Promise<MessageSink | Reply> {
    const transaction = this.#transaction;
    if (transaction === undefined) return reply(503, "5.5.1", "MAIL comes first");
    const { config, store, random, clock } = this.#deps;
    const queueId = makeQueueId(random);
    const staged = store.octets.stage();
    let headerTexts: HeaderTexts | undefined;
    return new ReceivingSink({
      staged,
      trace: receivedField({
        session: this.#session,
        peerName: this.#session.clientName ?? this.#peerName,
        hostname: config.hostname,
        queueId,
        isSmtpUtf8: transaction.params.smtpUtf8 === true,
        recipient: namedRecipient(transaction),
        priority: transaction.params.priority,
        nowMs: clock.nowMs(),
      }),
      complete: this.#service === "submission" ? this.#completion(transaction) : undefined,
      // Only a further hop cares, and only where the client has not told.
      looksFor8Bit: (transaction.params.body ?? "7bit") === "7bit" && leavesUs(transaction),
      looksForLongLines: transaction.params.body !== "binarymime" && leavesUs(transaction),
      maxHeaderOctets: config.reception.headerOctets,
      maxReceivedFields: config.reception.receivedFields,
      ...(this.#policy.has("data") && {
        onHeader: (header) => (headerTexts = this.#policy.readHeader(header)),
      }),
      onGivenUp: () =>
        this.#isGuarded && this.#deps.uploadGuard.givenUp(this.#session.peer.address),
      accept: async (finished) => {
        this.#deps.uploadGuard.taken(this.#session.peer.address);
        const refusal = this.#judgeMessage(transaction, staged.sizeOctets, headerTexts);
        if (refusal !== undefined) {
          await staged.discard();
          return [refusal];
        }
        const message = { session: this.#session, transaction, queueId, staged, ...finished };
        return this.#service === "lmtp"
          ? acceptForEachRecipient(message, this.#deps, config)
          : [await acceptMessage(message, this.#deps, config)];
      },
    });
  }

  #judgeMessage(
    transaction: Transaction,
    sizeOctets: number,
    header: HeaderTexts | undefined,
  ): Reply | undefined {
    const { sender } = transaction;
    const action = this.#policy.decide("data", { sender, sizeOctets, header });
    mark(transaction.marks, action);
    return refusalIn(action);
  }

  /** Strangers. Those who log in, and the operator's own hosts, may have bad lines. */
  get #isGuarded(): boolean {
    return this.#service === "smtp" && !this.#deps.relay.isKnown(this.#session, undefined);
  }

  async #waitFor(named: Promise<unknown>): Promise<void> {
    const tooLong = new AbortController();
    const limit = this.#deps.clock.sleep(CLIENT_NAME_MS, tooLong.signal).catch(() => undefined);
    await Promise.race([named, limit]);
    tooLong.abort();
  }

  get vrfy(): ((argument: string) => Promise<Reply>) | undefined {
    return this.#deps.directoryQueries.vrfyFor(this.#session);
  }

  get expn(): ((argument: string) => Promise<Reply>) | undefined {
    return this.#deps.directoryQueries.expnFor(this.#session);
  }

  get etrn(): ((argument: string) => Promise<Reply>) | undefined {
    return this.#deps.queueStart.etrnFor(this.#session);
  }

  reset(): void {
    this.#transaction = undefined;
  }

  close(): void {
    this.#transaction = undefined;
  }

  #completion(transaction: Transaction): (header: Uint8Array) => Uint8Array {
    const { clock, random, config, maps } = this.#deps;
    const { reversePath } = transaction;
    const domain = reversePath === "null" ? config.hostname : reversePath.domain;
    return (header) =>
      completeSubmission(header, {
        nowMs: clock.nowMs(),
        makeMessageId: () => makeMessageId(random, domain),
        rewriting: {
          sender: (address) => maps.sender(address)?.address,
          recipient: (address) => maps.headerRecipient(address)?.address,
        },
      });
  }

  #offersAuth(): boolean {
    if (this.#session.identity !== undefined) return false;
    if (this.#service === "smtp") return this.#deps.config.authOnRelay;
    return this.#service === "submission";
  }

  /** Looked up each time: an account switched off in the middle of a session may send no more. */
  #account(): Account | undefined {
    const { identity } = this.#session;
    const account =
      identity === undefined ? undefined : this.#deps.store.directory.account(identity);
    return account?.isEnabled ? account : undefined;
  }

  #saslDeps(): SaslServerDeps {
    return {
      ...this.#deps.sasl,
      channelBinding: this.#session.tls?.channelBinding,
      externalIdentity: certificateIdentity(this.#session.tls),
      peerAddress: this.#session.peer.address,
    };
  }
}

/** Of a recipient that a rule drops. */
const DISCARDED: Resolution = { branches: [], isDiscarded: true, problems: [], steps: [] };
