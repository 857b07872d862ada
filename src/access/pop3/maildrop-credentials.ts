/**
 * The store's credentials seen through one POP3 session: names may carry a mailbox (`login-name.ts`),
 * which is remembered for when the maildrop is opened. So every mechanism can ask for one.
 */

import { splitLoginName } from "./login-name.ts";
import type { ScramVerifier } from "../../sasl/scram-verifier.ts";
import type { SaslCredentials, SaslPasswordVerdict } from "../../sasl/server-deps.ts";

export class MaildropCredentials implements SaslCredentials {
  /** What the name of the present attempt asked for. Undefined: INBOX. */
  mailbox: string | undefined;
  readonly #inner: SaslCredentials;

  constructor(inner: SaslCredentials) {
    this.#inner = inner;
  }

  /** A new attempt begins: forget what another asked for. */
  begin(): void {
    this.mailbox = undefined;
  }

  verifyPassword(name: string, password: string): Promise<SaslPasswordVerdict> {
    return this.#inner.verifyPassword(this.#accountOf(name), password);
  }

  scramVerifier(name: string, hash: "sha1" | "sha256"): Promise<ScramVerifier> {
    return this.#inner.scramVerifier(this.#accountOf(name), hash);
  }

  accountByName(name: string): { address: string; isEnabled: boolean } | undefined {
    return this.#inner.accountByName(this.#accountOf(name));
  }

  #accountOf(name: string): string {
    const { account, mailbox } = splitLoginName(
      name,
      (whole) => this.#inner.accountByName(whole) !== undefined,
    );
    // A second name without a mailbox (an authorization name, a token's owner) takes nothing back.
    if (mailbox !== undefined) this.mailbox = mailbox;
    return account;
  }
}
