/**
 * OAUTHBEARER (RFC 7628) and its forerunner XOAUTH2 (Google, Microsoft): a bearer token in place of
 * a password. What a token is worth is decided by the injected verifier; here is only the exchange.
 * On refusal the client is told why in JSON, answers with nothing of value, and then fails.
 */

import { decodeUtf8Strict, encodeUtf8, NO_OCTETS } from "../base/bytes.ts";
import { attemptLogin, provenAccount, wrongProof, type Proof } from "./login-attempt.ts";
import type { ClientMechanism, ServerMechanism } from "./mechanism.ts";
import { prepareName } from "./prepare-string.ts";
import { decodeSaslName, encodeSaslName } from "./sasl-name.ts";
import { firstMessage, malformed, mechanismFromExchange, refused } from "./server-exchange.ts";
import type { SaslServerDeps, TokenVerdict } from "./server-deps.ts";

export type OauthMessage = { readonly name: string; readonly token: string };
export type OauthMechanismName = "OAUTHBEARER" | "XOAUTH2";
type VerifyToken = NonNullable<SaslServerDeps["verifyToken"]>;

const SEPARATOR = "\u0001";
/** RFC 6750 §2.1 b64token */
const BEARER = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i;
/** RFC 7628 §3.2.3: what the client answers to the error. */
const ACKNOWLEDGED = Uint8Array.of(1);

/** RFC 7628 §3.1: GS2 header, then key=value pairs, each ended by 0x01, and one more 0x01. */
export function parseOauthBearer(octets: Uint8Array): OauthMessage | undefined {
  const text = decodeUtf8Strict(octets);
  const parts = text === undefined ? [] : text.split(SEPARATOR);
  const header = /^[ny],(?:a=([^,]+))?,$/.exec(parts[0] ?? "");
  if (header === null || !endsPairs(parts)) return undefined;
  const name = header[1] === undefined ? "" : decodeSaslName(header[1]);
  const token = valueOf(parts.slice(1), "auth", BEARER);
  return name === undefined || token === undefined ? undefined : { name, token };
}

export function parseXoauth2(octets: Uint8Array): OauthMessage | undefined {
  const text = decodeUtf8Strict(octets);
  const parts = text === undefined ? [] : text.split(SEPARATOR);
  if (!endsPairs(parts)) return undefined;
  const name = valueOf(parts, "user", /^(.+)$/s);
  const token = valueOf(parts, "auth", BEARER);
  return name === undefined || token === undefined ? undefined : { name, token };
}

function endsPairs(parts: readonly string[]): boolean {
  return parts.length >= 3 && parts.at(-1) === "" && parts.at(-2) === "";
}

/** The one value of `key`; a key that comes twice is nobody's. */
function valueOf(pairs: readonly string[], key: string, grammar: RegExp): string | undefined {
  const found = pairs.filter((pair) => pair.startsWith(`${key}=`));
  if (found.length !== 1) return undefined;
  return grammar.exec(found[0].slice(key.length + 1))?.[1];
}

export function oauthServer(
  mechanism: OauthMechanismName,
  deps: SaslServerDeps,
  verifyToken: VerifyToken,
): ServerMechanism {
  const parse = mechanism === "XOAUTH2" ? parseXoauth2 : parseOauthBearer;
  return mechanismFromExchange(mechanism, async function* (initial) {
    const message = parse(yield* firstMessage(initial));
    if (message === undefined) return malformed(`not an ${mechanism} message`);
    let why: TokenVerdict | undefined;
    const claim = { name: prepareName(message.name) ?? "", authorizeAs: message.name };
    const outcome = await attemptLogin(deps, claim, async (): Promise<Proof> => {
      const verdict = await verifyToken(message.token);
      why = verdict;
      if (verdict.verdict === "refused") return wrongProof();
      return provenAccount(deps, prepareName(verdict.name) ?? "");
    });
    if (outcome.type === "success" || outcome.reason === "unavailable") return outcome;
    // Whatever the client says now, it has failed.
    yield encodeUtf8(describeRefusal(why));
    return refused(outcome.text);
  });
}

/** RFC 7628 §3.2.2 */
function describeRefusal(verdict: TokenVerdict | undefined): string {
  const refusal = verdict?.verdict === "refused" ? verdict : undefined;
  return JSON.stringify({
    status: refusal?.status ?? "invalid_token",
    scope: refusal?.scope,
    "openid-configuration": refusal?.configuration,
  });
}

export type OauthClientWish = OauthMessage & { readonly host?: string; readonly port?: number };

export function oauthClient(mechanism: OauthMechanismName, wish: OauthClientWish): ClientMechanism {
  const pairs =
    mechanism === "XOAUTH2"
      ? [`user=${wish.name}`]
      : [
          wish.name === "" ? "n,," : `n,a=${encodeSaslName(wish.name)},`,
          ...(wish.host === undefined ? [] : [`host=${wish.host}`]),
          ...(wish.port === undefined ? [] : [`port=${wish.port}`]),
        ];
  const text = [...pairs, `auth=Bearer ${wish.token}`, "", ""].join(SEPARATOR);
  const octets = encodeUtf8(text);
  return {
    name: mechanism,
    initial: () => octets,
    async step(challenge) {
      if (challenge.length === 0) return octets;
      return mechanism === "XOAUTH2" ? NO_OCTETS : ACKNOWLEDGED;
    },
    verify: () => true,
  };
}
