/**
 * Signatures of JSON Web Tokens (RFC 7515 compact form, RFC 7517 keys, RFC 7518 and 8037 algorithms)
 * on node:crypto. Public-key algorithms only: a key set is public, so a MAC keyed with it, or `none`,
 * proves nothing. Which algorithms a key may be used with is decided by the key, never by the token.
 */

import { constants, createPublicKey, verify, type KeyObject } from "node:crypto";

type Algorithm = {
  readonly kty: "RSA" | "EC" | "OKP";
  readonly crv?: string;
  /** null: the key fixes it (EdDSA). */
  readonly hash: string | null;
  readonly isPss?: boolean;
};

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["RS256", { kty: "RSA", hash: "sha256" }],
  ["RS384", { kty: "RSA", hash: "sha384" }],
  ["RS512", { kty: "RSA", hash: "sha512" }],
  ["PS256", { kty: "RSA", hash: "sha256", isPss: true }],
  ["PS384", { kty: "RSA", hash: "sha384", isPss: true }],
  ["PS512", { kty: "RSA", hash: "sha512", isPss: true }],
  ["ES256", { kty: "EC", crv: "P-256", hash: "sha256" }],
  ["ES384", { kty: "EC", crv: "P-384", hash: "sha384" }],
  ["ES512", { kty: "EC", crv: "P-521", hash: "sha512" }],
  ["EdDSA", { kty: "OKP", crv: "Ed25519", hash: null }],
  // RFC 9864 §2.2: the same under its exact name.
  ["Ed25519", { kty: "OKP", crv: "Ed25519", hash: null }],
]);

/** RFC 7518 §3.3 asks for the lower bound; the upper keeps the work for one token small. */
const RSA_BITS = { least: 2048, most: 8192 } as const;
const MAX_KEYS = 100;

/** Whether any key at all could have made such a signature. */
export function isSignatureAlgorithm(name: string): boolean {
  return ALGORITHMS.has(name);
}

export type VerificationKey = {
  readonly kid: string | undefined;
  readonly mayVerify: (algorithm: string) => boolean;
  readonly verify: (algorithm: string, signed: Uint8Array, signature: Uint8Array) => boolean;
};

/** The keys of a JWK Set that can check signatures; what is of another kind, weak or broken is left out. */
export function readKeySet(text: string): readonly VerificationKey[] | undefined {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    return undefined;
  }
  const keys = membersOf(set)?.get("keys");
  if (!Array.isArray(keys)) return undefined;
  return keys.slice(0, MAX_KEYS).flatMap((key: unknown) => readKey(key) ?? []);
}

function readKey(jwk: unknown): VerificationKey | undefined {
  const members = membersOf(jwk);
  if (members === undefined) return undefined;
  const use = members.get("use");
  const operations = members.get("key_ops");
  if (use !== undefined && use !== "sig") return undefined;
  if (Array.isArray(operations) && !operations.includes("verify")) return undefined;
  const key = publicKey(members);
  if (key === undefined) return undefined;
  const kid = members.get("kid");
  const [kty, crv, only] = [members.get("kty"), members.get("crv"), members.get("alg")];
  const mayVerify = (name: string): boolean => {
    const algorithm = ALGORITHMS.get(name);
    if (algorithm === undefined || algorithm.kty !== kty) return false;
    if (algorithm.crv !== undefined && algorithm.crv !== crv) return false;
    return only === undefined || only === name;
  };
  return {
    kid: typeof kid === "string" ? kid : undefined,
    mayVerify,
    verify: (name, signed, signature) => mayVerify(name) && isSigned(name, key, signed, signature),
  };
}

/** Only the public members are handed on, whatever else the set tells. */
function publicKey(members: ReadonlyMap<string, unknown>): KeyObject | undefined {
  const jwk = Object.fromEntries(
    ["kty", "n", "e", "crv", "x", "y"].flatMap((name) => {
      const value = members.get(name);
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
  if (jwk.kty !== "RSA" && jwk.kty !== "EC" && jwk.kty !== "OKP") return undefined;
  try {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    const isFit = bits === undefined || (bits >= RSA_BITS.least && bits <= RSA_BITS.most);
    return isFit ? key : undefined;
  } catch {
    return undefined;
  }
}

function isSigned(
  name: string,
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
): boolean {
  const algorithm = ALGORITHMS.get(name);
  if (algorithm === undefined) return false;
  try {
    return verify(
      algorithm.hash,
      signed,
      {
        key,
        // RFC 7518 §3.4: r and s side by side, not DER.
        dsaEncoding: "ieee-p1363",
        ...(algorithm.isPss && {
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }),
      },
      signature,
    );
  } catch {
    return false;
  }
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value))
    : undefined;
}
