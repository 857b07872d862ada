/** The key schedule of SCRAM (RFC 5802 §3), for SHA-1 and SHA-256 (RFC 7677). */

import { encodeLatin1, encodeUtf8 } from "../base/bytes.ts";
import type { Crypto } from "../base/crypto.ts";
import { preparePassword } from "./prepare-string.ts";
import type { ScramVerifier } from "./scram-verifier.ts";

export type ScramHash = "sha1" | "sha256";

/** RFC 7677 §4 asks for at least 4096, and says that more is wise. */
export const MIN_SCRAM_ITERATIONS = 4096;

const HASH_LENGTH: Readonly<Record<ScramHash, number>> = { sha1: 20, sha256: 32 };
const CLIENT_KEY = encodeLatin1("Client Key");
const SERVER_KEY = encodeLatin1("Server Key");

/** What the key schedule needs of Crypto. */
export type ScramCrypto = Pick<Crypto, "hash" | "hmac" | "pbkdf2">;

/** What a server keeps of a password. Undefined when the text cannot be a password (`preparePassword`). */
export async function makeScramVerifier(
  crypto: ScramCrypto,
  hash: ScramHash,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramVerifier | undefined> {
  const prepared = preparePassword(password);
  if (prepared === undefined) return undefined;
  const keys = await scramKeys(crypto, hash, prepared, salt, iterations);
  return { salt, iterations, storedKey: keys.storedKey, serverKey: keys.serverKey };
}

export type ScramKeys = {
  readonly clientKey: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
};

/** `password` is prepared already. The costly part: PBKDF2. */
export async function scramKeys(
  crypto: ScramCrypto,
  hash: ScramHash,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramKeys> {
  const octets = encodeUtf8(password);
  const salted = await crypto.pbkdf2(hash, octets, salt, iterations, HASH_LENGTH[hash]);
  const clientKey = crypto.hmac(hash, salted, CLIENT_KEY);
  return {
    clientKey,
    storedKey: crypto.hash(hash, clientKey),
    serverKey: crypto.hmac(hash, salted, SERVER_KEY),
  };
}

/** ClientProof := ClientKey XOR HMAC(StoredKey, AuthMessage) */
export function clientProof(
  crypto: Crypto,
  hash: ScramHash,
  keys: ScramKeys,
  authMessage: string,
): Uint8Array {
  const signature = crypto.hmac(hash, keys.storedKey, encodeUtf8(authMessage));
  return xor(keys.clientKey, signature);
}

/** Whether `proof` could only be made by someone who knows the password behind `verifier`. */
export function isProofRight(
  crypto: Crypto,
  hash: ScramHash,
  verifier: ScramVerifier,
  authMessage: string,
  proof: Uint8Array,
): boolean {
  if (proof.length !== HASH_LENGTH[hash]) return false;
  const signature = crypto.hmac(hash, verifier.storedKey, encodeUtf8(authMessage));
  const clientKey = xor(proof, signature);
  return crypto.equal(crypto.hash(hash, clientKey), verifier.storedKey);
}

export function serverSignature(
  crypto: Crypto,
  hash: ScramHash,
  serverKey: Uint8Array,
  authMessage: string,
): Uint8Array {
  return crypto.hmac(hash, serverKey, encodeUtf8(authMessage));
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((octet, index) => octet ^ b[index]);
}
