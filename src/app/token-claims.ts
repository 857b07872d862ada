/**
 * What a JSON Web Token says, once its signature has been checked: whether it is for us, now, and
 * whom it names (RFC 7519 §4.1, RFC 9068 §4). Pure; no word of a token gets into the answer but the name.
 */

import { decodeUtf8Strict, encodeUtf8 } from "../base/bytes.ts";

export type Claims = ReadonlyMap<string, unknown>;

export type ParsedToken = {
  readonly algorithm: string;
  readonly kid: string | undefined;
  readonly claims: Claims;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
};

export type ClaimRules = {
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** By how much the clocks of two machines may differ. */
  readonly leewayMs: number;
};

/** RFC 9068 §2.1; an ID token or a logout token says another type, and is no access token. */
const TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/at+jwt"]);
const BASE64_URL = /^[A-Za-z0-9_-]*$/;

/** Three parts of base64url; undefined for anything else, and for a header that asks for what we do not know. */
export function parseToken(token: string): ParsedToken | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  const [header, claims] = [readJson(parts[0]), readJson(parts[1])];
  const signature = decodeBase64Url(parts[2]);
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  const [algorithm, kid, type] = [header.get("alg"), header.get("kid"), header.get("typ")];
  // RFC 7515 §4.1.11: what is marked critical must be understood, and we understand nothing more.
  if (typeof algorithm !== "string" || header.has("crit")) return undefined;
  if (kid !== undefined && typeof kid !== "string") return undefined;
  if (type !== undefined && !(typeof type === "string" && TYPES.has(type.toLowerCase()))) {
    return undefined;
  }
  return { algorithm, kid, claims, signed: encodeUtf8(`${parts[0]}.${parts[1]}`), signature };
}

/** Without `exp`, or for another service, or of another issuer: no. */
export function areClaimsGood(claims: Claims, rules: ClaimRules, nowMs: number): boolean {
  const expiresS = claims.get("exp");
  if (typeof expiresS !== "number" || nowMs >= expiresS * 1000 + rules.leewayMs) return false;
  const notBeforeS = claims.get("nbf");
  if (notBeforeS !== undefined) {
    if (typeof notBeforeS !== "number" || nowMs < notBeforeS * 1000 - rules.leewayMs) return false;
  }
  if (rules.issuer === undefined || claims.get("iss") !== rules.issuer) return false;
  const audience = claims.get("aud");
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  return rules.audience !== undefined && audiences.includes(rules.audience);
}

/** `scope` is RFC 6749's, `scp` Microsoft's, which may also be a list. */
export function grantedScopes(claims: Claims): readonly unknown[] {
  return ["scope", "scp"].flatMap((member): readonly unknown[] => {
    const value = claims.get(member);
    return typeof value === "string" ? value.split(" ") : Array.isArray(value) ? value : [];
  });
}

/** The account's name; not a mail address that the issuer says nobody has confirmed. */
export function accountName(claims: Claims, member: string): string | undefined {
  const name = claims.get(member);
  if (typeof name !== "string" || name === "") return undefined;
  return member === "email" && claims.get("email_verified") === false ? undefined : name;
}

export function membersOf(value: unknown): Claims | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value))
    : undefined;
}

function readJson(part: string): Claims | undefined {
  const octets = decodeBase64Url(part);
  const text = octets && decodeUtf8Strict(octets);
  if (text === undefined) return undefined;
  try {
    return membersOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** RFC 7515 §2: without padding, white space or line ends. */
function decodeBase64Url(text: string): Uint8Array | undefined {
  if (!BASE64_URL.test(text) || text.length % 4 === 1) return undefined;
  return new Uint8Array(Buffer.from(text, "base64url"));
}
