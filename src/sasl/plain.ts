/** PLAIN (RFC 4616): authorization name, NUL, name, NUL, password. Only under TLS; the caller sees to that. */

import { concatBytes, decodeUtf8Strict, encodeUtf8, indexOfBytes } from "../base/bytes.ts";
import { loginWithPassword } from "./login-attempt.ts";
import type { ClientMechanism, ServerMechanism } from "./mechanism.ts";
import { firstMessage, malformed, mechanismFromExchange } from "./server-exchange.ts";
import type { SaslServerDeps } from "./server-deps.ts";

const NUL = Uint8Array.of(0);

export type PlainMessage = {
  readonly authorizeAs: string;
  readonly name: string;
  readonly password: string;
};

/** Undefined when the octets are not UTF-8, or not three fields with a name and a password. */
export function parsePlain(message: Uint8Array): PlainMessage | undefined {
  const first = indexOfBytes(message, 0);
  const second = first === -1 ? -1 : indexOfBytes(message, 0, first + 1);
  if (second === -1 || indexOfBytes(message, 0, second + 1) !== -1) return undefined;
  const authorizeAs = decodeUtf8Strict(message.subarray(0, first));
  const name = decodeUtf8Strict(message.subarray(first + 1, second));
  const password = decodeUtf8Strict(message.subarray(second + 1));
  if (authorizeAs === undefined || !name || !password) return undefined;
  return { authorizeAs, name, password };
}

export function plainServer(deps: SaslServerDeps): ServerMechanism {
  return mechanismFromExchange("PLAIN", async function* (initial) {
    const message = parsePlain(yield* firstMessage(initial));
    if (message === undefined) return malformed("not a PLAIN message");
    return loginWithPassword(deps, message, message.password);
  });
}

export function plainClient(message: PlainMessage): ClientMechanism {
  const octets = concatBytes([
    encodeUtf8(message.authorizeAs),
    NUL,
    encodeUtf8(message.name),
    NUL,
    encodeUtf8(message.password),
  ]);
  return {
    name: "PLAIN",
    initial: () => octets,
    // A server that ignored the initial response asks for the same by an empty challenge.
    step: async () => octets,
    verify: () => true,
  };
}
