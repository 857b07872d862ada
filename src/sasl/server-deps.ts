/**
 * What the server side of SASL needs from outside. `SaslCredentials` has the shape of the store's
 * `Credentials`, so the store can be handed in as it is; this layer never imports it.
 */

import type { Crypto } from "../base/crypto.ts";
import type { Random } from "../base/random.ts";
import type { LoginGuard } from "./login-guard.ts";
import type { ScramVerifier } from "./scram-verifier.ts";

export type SaslPasswordVerdict =
  | { readonly verdict: "accepted"; readonly address: string }
  | { readonly verdict: "refused" }
  | { readonly verdict: "disabled" };

export interface SaslCredentials {
  /** Takes the same time for an unknown name as for a wrong password (security row 38). */
  verifyPassword(name: string, password: string): Promise<SaslPasswordVerdict>;
  /** For an unknown name a verifier that no proof fits, the same each time the name is asked. */
  scramVerifier(name: string, hash: "sha1" | "sha256"): Promise<ScramVerifier>;
  accountByName(
    name: string,
  ): { readonly address: string; readonly isEnabled: boolean } | undefined;
}

/** What an OAuth 2.0 resource server learned about a bearer token (by introspection or a key set). */
export type TokenVerdict =
  /** `name` is the account the token was issued for. */
  | { readonly verdict: "accepted"; readonly name: string }
  /** `scope` and `configuration` go to the client (RFC 7628 §3.2.2), so that it can get a better one. */
  | {
      readonly verdict: "refused";
      readonly status?: "invalid_token" | "insufficient_scope" | "invalid_request";
      readonly scope?: string;
      readonly configuration?: string;
    };

export type SaslServerDeps = {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly credentials: SaslCredentials;
  /** `tls-exporter` data of this connection (RFC 9266); enables the -PLUS mechanisms. */
  readonly channelBinding?: Uint8Array;
  /** The account name that TLS vouches for by a verified client certificate; enables EXTERNAL. */
  readonly externalIdentity?: string;
  /** Enables OAUTHBEARER and XOAUTH2. Rejects with MailError when the token cannot be checked now. */
  readonly verifyToken?: (token: string) => Promise<TokenVerdict>;
  /** Enables CRAM-MD5, which needs the password itself on the server. Off in Posthorn's own set-up. */
  readonly cramSecret?: (name: string) => Promise<Uint8Array | undefined>;
  /** The right-hand side of CRAM-MD5's challenge. */
  readonly hostName?: string;
  /** Only these mechanisms, whatever else would be possible. */
  readonly mechanisms?: readonly string[];
  /**
   * The protocol can carry data along with success (ManageSieve's OK (SASL "…")). SMTP, IMAP and
   * POP3 cannot: there the final data goes out as one more challenge with an empty answer.
   */
  readonly successData?: boolean;
  /** Slows and stops guessing. Needs `peerAddress`. */
  readonly guard?: LoginGuard;
  readonly peerAddress?: string;
};
