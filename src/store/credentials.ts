/** Proof of who someone is. What leaves here is never enough to log in elsewhere with. */

import type { ScramVerifier } from "../sasl/scram-verifier.ts";

/**
 * `accepted`: the account may log in. `refused`: wrong name or password, told in the same time and
 * words for both. `disabled`: right password, but the account is switched off.
 */
export type PasswordVerdict =
  | { readonly verdict: "accepted"; readonly accountId: number; readonly address: string }
  | { readonly verdict: "refused" }
  | { readonly verdict: "disabled" };

export interface Credentials {
  /**
   * Checks a name and password; the name is an address, or a local part if there is only one domain.
   * App tokens (`makeToken`) are accepted as passwords. Takes the same time whether the name exists or not.
   */
  verifyPassword(name: string, password: string): Promise<PasswordVerdict>;
  /** What SCRAM needs to check a proof (RFC 5802 §3); for an unknown name a verifier that no proof fits, stable per name. */
  scramVerifier(name: string, hash: "sha1" | "sha256"): Promise<ScramVerifier>;
  /** The account behind a name that has proved itself by other means (SCRAM, certificate). */
  accountByName(
    name: string,
  ): { accountId: number; address: string; isEnabled: boolean } | undefined;
  /** A password that expires: for programs on this machine that act for a person. Shown once, kept as a hash. */
  makeToken(address: string, purpose: string, lifetimeMs: number): Promise<string>;
  revokeTokens(address: string, purpose?: string): Promise<number>;
  /** 32 octets that only this store's processes know, the same for ever, others for each purpose. */
  secretFor(purpose: string): Uint8Array;
}
