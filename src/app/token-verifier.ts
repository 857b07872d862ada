/**
 * Asks an OAuth 2.0 server what a bearer token is worth (RFC 7662). The answer is bounded in time
 * and size, redirects are not followed (a token must not go elsewhere), and nothing is remembered:
 * a token that was withdrawn opens nothing.
 */

import { encodeBase64, encodeUtf8 } from "../base/bytes.ts";
import { MailError } from "../base/errors.ts";
import type { SaslServerDeps, TokenVerdict } from "../sasl/server-deps.ts";
import type { OauthSettings } from "./config/settings-shape.ts";

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_OCTETS = 65_536;
const MAX_TOKEN_CHARACTERS = 16_384;

/** Undefined where no server is configured. */
export function tokenVerifier(settings: OauthSettings): SaslServerDeps["verifyToken"] {
  const { introspectionUrl } = settings;
  if (introspectionUrl === undefined) return undefined;
  return async (token) => {
    if (token.length > MAX_TOKEN_CHARACTERS) return refused(settings);
    return verdictOf(await introspect(introspectionUrl, token, settings), settings);
  };
}

async function introspect(
  url: string,
  token: string,
  { clientId, clientSecret }: OauthSettings,
): Promise<unknown> {
  const login = encodeBase64(encodeUtf8(`${form(clientId)}:${form(clientSecret)}`));
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        accept: "application/json",
        ...(clientId !== undefined && { authorization: `Basic ${login}` }),
      },
      body: new URLSearchParams({ token, token_type_hint: "access_token" }),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw unavailable(`it answered ${response.status}`);
    }
    return JSON.parse(await bounded(response)) as unknown;
  } catch (error) {
    throw error instanceof MailError ? error : unavailable(String(error), error);
  }
}

/** RFC 6749 §2.3.1: name and secret are form-encoded before they are joined. */
function form(text = ""): string {
  return new URLSearchParams({ v: text }).toString().slice("v=".length);
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let octets = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of response.body ?? []) {
    octets += chunk.length;
    if (octets > MAX_ANSWER_OCTETS) throw unavailable("its answer is too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function verdictOf(answer: unknown, settings: OauthSettings): TokenVerdict {
  if (typeof answer !== "object" || answer === null) throw unavailable("its answer is no object");
  const members = new Map<string, unknown>(Object.entries(answer));
  if (members.get("active") !== true) return refused(settings);
  const { scope, nameMember } = settings;
  const scopes = members.get("scope");
  const granted = typeof scopes === "string" ? scopes.split(" ") : [];
  if (scope !== undefined && !granted.includes(scope)) {
    return { verdict: "refused", status: "insufficient_scope", scope };
  }
  const name = members.get(nameMember);
  return typeof name === "string" && name !== ""
    ? { verdict: "accepted", name }
    : refused(settings);
}

function refused({ scope }: OauthSettings): TokenVerdict {
  return { verdict: "refused", status: "invalid_token", ...(scope !== undefined && { scope }) };
}

function unavailable(why: string, cause?: unknown): MailError {
  return new MailError("connect-failed", `the OAuth server can't be asked: ${why}`, { cause });
}
