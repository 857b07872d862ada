/**
 * POP3 over the store: who may log in, which mailbox is the maildrop, and the lock on it. One
 * handler serves one session.
 */

import type { Channel, TlsSession } from "../../base/channel.ts";
import type { Clock } from "../../base/clock.ts";
import type { Crypto } from "../../base/crypto.ts";
import { isMailError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { Maildrop, OpenRefusal, Pop3Handler } from "../../pop3/handler.ts";
import { loginWithPassword } from "../../sasl/login-attempt.ts";
import type { LoginGuard } from "../../sasl/login-guard.ts";
import type { ServerMechanism } from "../../sasl/mechanism.ts";
import type { Outcome } from "../../sasl/server-exchange.ts";
import type { SaslServerDeps } from "../../sasl/server-deps.ts";
import { advertisedMechanisms, serverMechanism } from "../../sasl/server-mechanism.ts";
import type { Store } from "../../store/contract.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import { makeApop, type Apop, type ApopSecret } from "./apop.ts";
import type { LoginDelay } from "./login-delay.ts";
import { KeptCopies, type KeepPolicy } from "./kept-copies.ts";
import { MaildropCredentials } from "./maildrop-credentials.ts";
import { MaildropLock } from "./maildrop-lock.ts";
import { StoreMaildrop } from "./store-maildrop.ts";

export type Pop3AccessDeps = {
  readonly store: Pick<Store, "mail" | "octets" | "credentials">;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly log: Log;
  /** One for all protocols of the process. */
  readonly guard?: LoginGuard;
  readonly hostName?: string;
  /** SASL in the clear: goes with the engine's option of the same name. */
  readonly allowPlaintextAuth?: boolean;
  /** Default true: what was fetched over POP3 is \Seen over IMAP. */
  readonly marksSeen?: boolean;
  readonly verifyToken?: SaslServerDeps["verifyToken"];
  /** The account a verified client certificate stands for, if any. */
  readonly certificateAccount?: (tls: TlsSession) => string | undefined;
  /** One for all sessions; goes with the engine's `loginDelaySeconds`, which announces it. */
  readonly loginDelay?: LoginDelay;
  /** How copies of what an account deletes are kept, if they are. */
  readonly keepPolicy?: (address: string) => KeepPolicy | undefined;
  /** Enables APOP. */
  readonly apopSecret?: ApopSecret;
  /** Only these mechanisms. */
  readonly mechanisms?: readonly string[];
};

/** `channel` is asked for its TLS as it is at the moment, so STLS needs no new handler. */
export function makePop3Handler(
  deps: Pop3AccessDeps,
  channel: Pick<Channel, "peer" | "tls">,
): Pop3Handler {
  return new StorePop3Handler(deps, channel);
}

class StorePop3Handler implements Pop3Handler {
  readonly apop: Apop | undefined;
  readonly #deps: Pop3AccessDeps;
  readonly #channel: Pick<Channel, "peer" | "tls">;
  readonly #credentials: MaildropCredentials;

  constructor(deps: Pop3AccessDeps, channel: Pick<Channel, "peer" | "tls">) {
    this.#deps = deps;
    this.#channel = channel;
    this.#credentials = new MaildropCredentials(deps.store.credentials);
    this.apop =
      deps.apopSecret === undefined ? undefined : makeApop(() => this.#attempt(), deps.apopSecret);
  }

  mechanisms(): readonly string[] {
    return advertisedMechanisms(this.#saslDeps(), {
      tls: this.#channel.tls !== undefined,
      allowInClear: this.#deps.allowPlaintextAuth,
    });
  }

  startMechanism(name: string): ServerMechanism | undefined {
    return serverMechanism(name, this.#attempt());
  }

  login(name: string, password: string): Promise<Outcome> {
    return loginWithPassword(this.#attempt(), { name }, password);
  }

  async open(identity: string): Promise<Maildrop | OpenRefusal> {
    const { store, random, log, loginDelay } = this.#deps;
    const account = store.credentials.accountByName(identity);
    if (account === undefined) return { code: "SYS/PERM", text: "the account has gone" };
    const mailbox = this.#mailboxOf(account.accountId);
    if (mailbox === undefined) return { code: "SYS/PERM", text: "there is no such mailbox" };
    const holder = Array.from(random.bytes(12), (octet) => octet.toString(36)).join("");
    const lockDeps = { ...this.#deps, mail: store.mail };
    const lock = await MaildropLock.take(lockDeps, account.accountId, holder);
    if (lock === undefined) {
      return { code: "IN-USE", text: "another session has this maildrop, try again later" };
    }
    if (loginDelay?.begin(account.accountId) === false) {
      await lock.release();
      return { code: "LOGIN-DELAY", text: `one login in ${loginDelay.seconds} seconds, please` };
    }
    const { marksSeen = true } = this.#deps;
    const policy = this.#deps.keepPolicy?.(account.address);
    const kept = policy && new KeptCopies(store.mail, account.accountId, policy);
    const maildropDeps = { mail: store.mail, octets: store.octets, log, marksSeen, kept };
    try {
      await this.#sweep(kept);
      const maildrop = await StoreMaildrop.open(maildropDeps, lock, mailbox.grant);
      if (maildrop !== undefined) return maildrop;
    } catch (error) {
      await lock.release();
      throw error;
    }
    await lock.release();
    return { code: "SYS/PERM", text: "there is no such mailbox" };
  }

  /** Old copies that cannot be removed now are no reason to refuse a login. */
  async #sweep(kept: KeptCopies | undefined): Promise<void> {
    try {
      await kept?.sweep(this.#deps.clock.nowMs());
    } catch (error) {
      if (!isMailError(error)) throw error;
      this.#deps.log.error("pop3.sweep-failed", error);
    }
  }

  /** Case decides only where two names differ by nothing else: many clients lower the login name. */
  #mailboxOf(accountId: number): MailboxInfo | undefined {
    const { mail } = this.#deps.store;
    const name = this.#credentials.mailbox ?? "INBOX";
    const exact = mail.mailbox(accountId, name);
    if (exact !== undefined) return exact;
    const wanted = name.toLowerCase();
    const alike = mail
      .mailboxes(accountId)
      .filter((mailbox) => mailbox.name.toLowerCase() === wanted);
    return alike.length === 1 ? alike[0] : undefined;
  }

  #attempt(): SaslServerDeps {
    this.#credentials.begin();
    return this.#saslDeps();
  }

  #saslDeps(): SaslServerDeps {
    const { crypto, random, guard, hostName, verifyToken, mechanisms } = this.#deps;
    const { tls, peer } = this.#channel;
    return {
      crypto,
      random,
      guard,
      hostName,
      verifyToken,
      mechanisms,
      credentials: this.#credentials,
      peerAddress: peer.address,
      channelBinding: tls?.channelBinding,
      externalIdentity: tls?.peerVerified ? this.#deps.certificateAccount?.(tls) : undefined,
    };
  }
}
