/**
 * LOGIN: never standardised (draft-murchison-sasl-login), still what Outlook and many devices use.
 * Two prompts, name and password. Only under TLS; the caller sees to that.
 */

import { decodeUtf8Strict, encodeLatin1, encodeUtf8 } from "../base/bytes.ts";
import { loginWithPassword } from "./login-attempt.ts";
import type { ClientMechanism, ServerMechanism } from "./mechanism.ts";
import { malformed, mechanismFromExchange } from "./server-exchange.ts";
import type { SaslServerDeps } from "./server-deps.ts";

// Clients match these words, so they are not ours to improve.
const NAME_PROMPT = encodeLatin1("Username:");
const PASSWORD_PROMPT = encodeLatin1("Password:");

export function loginServer(deps: SaslServerDeps): ServerMechanism {
  return mechanismFromExchange("LOGIN", async function* (initial) {
    // `AUTH LOGIN <name>` with the name as initial response is common. An empty one is no name.
    const nameOctets = initial !== undefined && initial.length > 0 ? initial : yield NAME_PROMPT;
    const passwordOctets = yield PASSWORD_PROMPT;
    const name = decodeUtf8Strict(nameOctets);
    const password = decodeUtf8Strict(passwordOctets);
    if (!name || !password) return malformed("a name and a password in UTF-8 were expected");
    return loginWithPassword(deps, { name }, password);
  });
}

export function loginClient(name: string, password: string): ClientMechanism {
  let asked = 0;
  return {
    name: "LOGIN",
    initial: () => undefined,
    // By position, not by the prompt's words: servers spell and even translate them.
    step: async () => encodeUtf8(asked++ === 0 ? name : password),
    verify: () => true,
  };
}
