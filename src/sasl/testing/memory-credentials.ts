/** Accounts in memory, for tests of mechanisms and protocol engines: what the store's `Credentials` do, without a store. */

import { encodeUtf8 } from "../../base/bytes.ts";
import type { Crypto } from "../../base/crypto.ts";
import { MIN_SCRAM_ITERATIONS, makeScramVerifier } from "../scram-keys.ts";
import type { ScramVerifier } from "../scram-verifier.ts";
import type { SaslCredentials, SaslPasswordVerdict } from "../server-deps.ts";

export type MemoryAccount = {
  readonly address: string;
  readonly password: string;
  readonly isEnabled?: boolean;
};

export class MemoryCredentials implements SaslCredentials {
  /** Names whose password was asked about, in order. */
  readonly asked: string[] = [];
  readonly #crypto: Crypto;
  readonly #accounts: Map<string, MemoryAccount>;

  constructor(crypto: Crypto, accounts: readonly MemoryAccount[]) {
    this.#crypto = crypto;
    this.#accounts = new Map(accounts.map((account) => [account.address.toLowerCase(), account]));
  }

  async verifyPassword(name: string, password: string): Promise<SaslPasswordVerdict> {
    this.asked.push(name);
    const account = this.#accounts.get(name.toLowerCase());
    if (account === undefined || account.password !== password) return { verdict: "refused" };
    if (account.isEnabled === false) return { verdict: "disabled" };
    return { verdict: "accepted", address: account.address };
  }

  async scramVerifier(name: string, hash: "sha1" | "sha256"): Promise<ScramVerifier> {
    const account = this.#accounts.get(name.toLowerCase());
    const salt = this.#crypto.hash(hash, encodeUtf8(`salt of ${name}`)).subarray(0, 16);
    const real =
      account &&
      (await makeScramVerifier(this.#crypto, hash, account.password, salt, MIN_SCRAM_ITERATIONS));
    if (real !== undefined) return real;
    const nobody = this.#crypto.hash(hash, encodeUtf8(`nobody has ${name}`));
    return { salt, iterations: MIN_SCRAM_ITERATIONS, storedKey: nobody, serverKey: nobody };
  }

  accountByName(name: string): { address: string; isEnabled: boolean } | undefined {
    const account = this.#accounts.get(name.toLowerCase());
    return account && { address: account.address, isEnabled: account.isEnabled ?? true };
  }
}
