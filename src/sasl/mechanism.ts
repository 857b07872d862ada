/**
 * SASL mechanisms (RFC 4422) as step machines, both sides. Octets in, octets out; base64 and the
 * protocol's framing belong to the caller.
 */

export type ServerStep =
  /** Send this challenge and call `step` with the answer. */
  | { readonly type: "challenge"; readonly octets: Uint8Array }
  /** Proved. `identity` is the account to act as; `finalOctets` goes along with success where the mechanism has it. */
  | { readonly type: "success"; readonly identity: string; readonly finalOctets?: Uint8Array }
  /** `malformed`: the client broke the mechanism's grammar. `refused`: wrong credentials. `unavailable`: cannot be checked now. */
  | {
      readonly type: "failure";
      readonly reason: "malformed" | "refused" | "unavailable";
      readonly text?: string;
    };

export interface ServerMechanism {
  readonly name: string;
  /** First call: the initial response, or undefined when the client sent none. */
  step(response: Uint8Array | undefined): Promise<ServerStep>;
}

export interface ClientMechanism {
  readonly name: string;
  /** The initial response, or undefined when the server speaks first. */
  initial(): Uint8Array | undefined;
  /** Answers a challenge; throws MailError `refused` when the server fails its own proof. */
  step(challenge: Uint8Array): Promise<Uint8Array>;
  /** Data that came along with success (SCRAM's server signature); false: the server is not who it should be. */
  verify(finalOctets: Uint8Array | undefined): boolean;
}
