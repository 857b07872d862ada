/** The cryptographic primitives that pure protocol code needs. `net/crypto.ts` gives them on the platform's library. */
export type HashName = "sha1" | "sha256" | "md5";

export interface Crypto {
  hash(name: HashName, octets: Uint8Array): Uint8Array;
  hmac(name: HashName, key: Uint8Array, octets: Uint8Array): Uint8Array;
  /** PBKDF2 with HMAC, off the event loop (RFC 8018 §5.2; SCRAM's Hi()). */
  pbkdf2(
    name: HashName,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    keyLength: number,
  ): Promise<Uint8Array>;
  /** Constant-time comparison; false when the lengths differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
