/**
 * Decides what a bearer token is worth. Two ways, one or both as configured: a JSON Web Token is
 * checked here against the OAuth server's published keys (RFC 7519, RFC 9068); about any other the
 * server is asked each time (RFC 7662), and nothing is remembered: a token that was withdrawn
 * opens nothing. A JWT is good until it expires, so such a server should give it a short life.
 */

import { encodeBase64, encodeUtf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { SaslServerDeps, TokenVerdict } from "../sasl/server-deps.ts";
import type { OauthSettings } from "./config/settings-shape.ts";
import { fetchBounded, unavailable } from "./fetch-bounded.ts";
import { KeySet } from "./key-set.ts";
import {
  accountName,
  areClaimsGood,
  grantedScopes,
  membersOf,
  parseToken,
  type Claims,
} from "./token-claims.ts";

const MAX_TOKEN_CHARACTERS = 16_384;

/** Undefined where no server is configured. */
export function tokenVerifier(
  settings: OauthSettings,
  clock: Clock,
): SaslServerDeps["verifyToken"] {
  const { introspectionUrl, keySet } = settings;
  if (introspectionUrl === undefined && keySet === undefined) return undefined;
  const keys = keySet === undefined ? undefined : new KeySet(keySet, clock);
  return async (token) => {
    if (token.length > MAX_TOKEN_CHARACTERS) return refused(settings);
    if (keys !== undefined && (introspectionUrl === undefined || looksLikeJwt(token))) {
      return checkSigned(token, keys, settings, clock.nowMs());
    }
    if (introspectionUrl === undefined) return refused(settings);
    const claims = await introspect(introspectionUrl, token, settings);
    return claims.get("active") === true ? worthOf(claims, settings) : refused(settings);
  };
}

function looksLikeJwt(token: string): boolean {
  return token.split(".").length === 3;
}

async function checkSigned(
  token: string,
  keys: KeySet,
  settings: OauthSettings,
  nowMs: number,
): Promise<TokenVerdict> {
  const parsed = parseToken(token);
  if (parsed === undefined) return refused(settings);
  const { algorithm, kid, signed, signature, claims } = parsed;
  // What it says of itself costs nothing to look at, so a flood of old tokens asks for no keys.
  const rules = { ...settings, leewayMs: settings.clockLeeway };
  if (!areClaimsGood(claims, rules, nowMs)) return refused(settings);
  const fitting = await keys.find(algorithm, kid);
  if (!fitting.some((key) => key.verify(algorithm, signed, signature))) return refused(settings);
  return worthOf(claims, settings);
}

async function introspect(
  url: string,
  token: string,
  { clientId, clientSecret }: OauthSettings,
): Promise<Claims> {
  const login = encodeBase64(encodeUtf8(`${form(clientId)}:${form(clientSecret)}`));
  const text = await fetchBounded(url, {
    method: "POST",
    headers: {
      accept: "application/json",
      ...(clientId !== undefined && { authorization: `Basic ${login}` }),
    },
    body: new URLSearchParams({ token, token_type_hint: "access_token" }),
  });
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw unavailable(String(error), error);
  }
  const members = membersOf(answer);
  if (members === undefined) throw unavailable("its answer is no object");
  return members;
}

/** RFC 6749 §2.3.1: name and secret are form-encoded before they are joined. */
function form(text = ""): string {
  return new URLSearchParams({ v: text }).toString().slice("v=".length);
}

function worthOf(claims: Claims, settings: OauthSettings): TokenVerdict {
  const { scope, nameMember } = settings;
  if (scope !== undefined && !grantedScopes(claims).includes(scope)) {
    return { verdict: "refused", status: "insufficient_scope", scope };
  }
  const name = accountName(claims, nameMember);
  return name === undefined ? refused(settings) : { verdict: "accepted", name };
}

function refused({ scope }: OauthSettings): TokenVerdict {
  return { verdict: "refused", status: "invalid_token", ...(scope !== undefined && { scope }) };
}
