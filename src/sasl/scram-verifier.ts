/** What a server keeps to check SCRAM proofs (RFC 5802 §3): not enough to log in with elsewhere. */
export type ScramVerifier = {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
};
