/**
 * Password hashes: argon2id (RFC 9106) as a PHC string for mechanisms that show us the password,
 * SCRAM keys (RFC 5802 §3, RFC 7677) for those that do not. All of it is computed on libuv's
 * threads, off the event loop.
 */

import {
  argon2,
  createHash,
  createHmac,
  pbkdf2,
  randomBytes,
  timingSafeEqual,
  type Argon2Parameters,
} from "node:crypto";
import { promisify } from "node:util";

import { MailError } from "../../base/errors.ts";
import { preparePassword } from "../../sasl/prepare-string.ts";
import { makeScramVerifier, type ScramCrypto, type ScramHash } from "../../sasl/scram-keys.ts";
import type { ScramVerifier } from "../../sasl/scram-verifier.ts";
import type { PasswordRecord } from "./requests.ts";

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane; about 20 ms here. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const TAG_OCTETS = 32;
const SALT_OCTETS = 16;

/**
 * PBKDF2 rounds of the SCRAM keys. RFC 7677 §4 asks for at least 4,096; the client pays them again
 * at each login, some on phones, so it is kept at what takes a slow device a few tens of
 * milliseconds. A stolen store is better attacked here than at argon2id: that is SCRAM's price for
 * never showing us the password.
 */
export const SCRAM_ITERATIONS = 15_000;

const argon2Async = promisify(argon2);
const pbkdf2Async = promisify(pbkdf2);

const CRYPTO: ScramCrypto = {
  hash: (name, octets) => createHash(name).update(octets).digest(),
  hmac: (name, key, octets) => createHmac(name, key).update(octets).digest(),
  pbkdf2: (name, password, salt, iterations, length) =>
    pbkdf2Async(password, salt, iterations, length, name),
};

/** Rejects with `refused` for what cannot be a password (RFC 8265 §4.2). */
export async function makePasswordRecord(password: string): Promise<PasswordRecord> {
  const prepared = preparePassword(password);
  const scramSalt = randomBytes(SALT_OCTETS);
  const verifierOf = (hash: ScramHash): Promise<ScramVerifier | undefined> =>
    makeScramVerifier(CRYPTO, hash, password, scramSalt, SCRAM_ITERATIONS);
  const [sha1, sha256] = await Promise.all([verifierOf("sha1"), verifierOf("sha256")]);
  if (prepared === undefined || sha1 === undefined || sha256 === undefined) {
    throw new MailError("refused", "the password is empty, too long, or has control characters");
  }
  return {
    passwordHash: await hashPassword(prepared),
    scramSalt,
    scramIterations: SCRAM_ITERATIONS,
    sha1StoredKey: sha1.storedKey,
    sha1ServerKey: sha1.serverKey,
    sha256StoredKey: sha256.storedKey,
    sha256ServerKey: sha256.serverKey,
  };
}

export async function hashPassword(prepared: string): Promise<string> {
  const nonce = randomBytes(SALT_OCTETS);
  const tag = await argon2Async("argon2id", parameters(prepared, nonce));
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${phc(nonce)}$${phc(tag)}`;
}

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** Whether `prepared` is the password of a PHC string; false also for a string we do not know. */
export async function checkPassword(prepared: string, phcString: string): Promise<boolean> {
  const parts = PHC.exec(phcString);
  if (parts === null) return false;
  const [, memory, passes, parallelism, salt, tag] = parts;
  const expected = Buffer.from(tag, "base64");
  const found = await argon2Async("argon2id", {
    message: prepared,
    nonce: Buffer.from(salt, "base64"),
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: expected.length,
  });
  return timingSafeEqual(found, expected);
}

function parameters(prepared: string, nonce: Uint8Array): Argon2Parameters {
  return {
    message: prepared,
    nonce,
    memory: MEMORY_KIB,
    passes: PASSES,
    parallelism: LANES,
    tagLength: TAG_OCTETS,
  };
}

/** Base64 without padding, as PHC strings have it. */
function phc(octets: Uint8Array): string {
  return Buffer.from(octets).toString("base64").replace(/=+$/, "");
}
