/** The Crypto port on node:crypto (OpenSSL). PBKDF2 runs in the thread pool. */

import { createHmac, hash, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Crypto } from "../base/crypto.ts";

const derive = promisify(pbkdf2);

export const nodeCrypto: Crypto = {
  hash: (name, octets) => new Uint8Array(hash(name, octets, "buffer")),
  hmac: (name, key, octets) => new Uint8Array(createHmac(name, key).update(octets).digest()),
  pbkdf2: async (name, password, salt, iterations, keyLength) =>
    new Uint8Array(await derive(password, salt, iterations, keyLength, name)),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
