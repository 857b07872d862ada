/**
 * EXTERNAL (RFC 4422 appendix A): TLS has already shown who the client is. Without a name from a
 * verified certificate there is no such mechanism (CVE-2019-3814: a certificate without a name).
 */

import { decodeUtf8Strict, encodeUtf8 } from "../base/bytes.ts";
import { attemptLogin, provenAccount } from "./login-attempt.ts";
import type { ClientMechanism, ServerMechanism } from "./mechanism.ts";
import { prepareName } from "./prepare-string.ts";
import { firstMessage, malformed, mechanismFromExchange } from "./server-exchange.ts";
import type { SaslServerDeps } from "./server-deps.ts";

export function externalServer(deps: SaslServerDeps, externalIdentity: string): ServerMechanism {
  return mechanismFromExchange("EXTERNAL", async function* (initial) {
    const authorizeAs = decodeUtf8Strict(yield* firstMessage(initial));
    if (authorizeAs === undefined || authorizeAs.includes("\u0000")) {
      return malformed("not an EXTERNAL message");
    }
    const name = prepareName(externalIdentity) ?? "";
    return attemptLogin(deps, { name, authorizeAs }, async () => provenAccount(deps, name));
  });
}

export function externalClient(authorizeAs: string): ClientMechanism {
  const octets = encodeUtf8(authorizeAs);
  return { name: "EXTERNAL", initial: () => octets, step: async () => octets, verify: () => true };
}
