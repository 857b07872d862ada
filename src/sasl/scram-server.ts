/**
 * SCRAM-SHA-1 and SCRAM-SHA-256, and their -PLUS forms, as the server (RFC 5802, RFC 7677), bound to
 * the TLS channel by `tls-exporter` (RFC 9266) alone: `tls-unique` is broken before TLS 1.3 and
 * absent from it.
 */

import { concatBytes, encodeBase64, encodeUtf8, equalBytes, NO_OCTETS } from "../base/bytes.ts";
import { attemptLogin, provenAccount, wrongProof, type Proof } from "./login-attempt.ts";
import type { ServerMechanism } from "./mechanism.ts";
import { prepareName } from "./prepare-string.ts";
import { isProofRight, serverSignature, type ScramHash } from "./scram-keys.ts";
import { parseClientFinal, parseClientFirst, type ChannelBindingFlag } from "./scram-message.ts";
import { firstMessage, malformed, mechanismFromExchange, refused } from "./server-exchange.ts";
import type { Outcome } from "./server-exchange.ts";
import type { SaslServerDeps } from "./server-deps.ts";

export const CHANNEL_BINDING_NAME = "tls-exporter";

export type ScramKind = { readonly hash: ScramHash; readonly isPlus: boolean };

/** 18 octets make 24 characters, none of them a comma or padding. */
export function makeNonce({ random }: Pick<SaslServerDeps, "random">): string {
  return encodeBase64(random.bytes(18));
}

export function scramServer(
  name: string,
  { hash, isPlus }: ScramKind,
  deps: SaslServerDeps,
  nonce: string = makeNonce(deps),
): ServerMechanism {
  const { crypto, credentials } = deps;
  const options = { successData: deps.successData };
  async function* exchange(
    initial: Uint8Array | undefined,
  ): AsyncGenerator<Uint8Array, Outcome, Uint8Array> {
    const first = parseClientFirst(yield* firstMessage(initial));
    if (first === undefined) return malformed("not a SCRAM client-first message");
    const objection = checkFlag(first.flag, isPlus, deps);
    if (objection !== undefined) return objection;
    const account = prepareName(first.name) ?? "";
    // An unknown name gets a salt too, the same each time (security row 38).
    const verifier = await credentials.scramVerifier(account, hash);
    const wholeNonce = first.nonce + nonce;
    const serverFirst = `r=${wholeNonce},s=${encodeBase64(verifier.salt)},i=${verifier.iterations}`;

    const final = parseClientFinal(yield encodeUtf8(serverFirst));
    if (final === undefined) return malformed("not a SCRAM client-final message");
    if (final.nonce !== wholeNonce) return malformed("the nonce is not ours");
    const bindingData = isPlus ? (deps.channelBinding ?? NO_OCTETS) : NO_OCTETS;
    const binding = concatBytes([encodeUtf8(first.gs2Header), bindingData]);
    if (!equalBytes(final.binding, binding)) return refused("channel bindings do not match");

    const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
    const claim = { name: account, authorizeAs: first.authorizeAs };
    return attemptLogin(deps, claim, async (): Promise<Proof> => {
      if (!isProofRight(crypto, hash, verifier, authMessage, final.proof)) return wrongProof();
      const proof = provenAccount(deps, account);
      if ("refusal" in proof) return proof;
      const signature = serverSignature(crypto, hash, verifier.serverKey, authMessage);
      return { ...proof, finalOctets: encodeUtf8(`v=${encodeBase64(signature)}`) };
    });
  }
  return mechanismFromExchange(name, exchange, options);
}

/** RFC 5802 §6: the flag must fit the mechanism, and `y` must be true. */
function checkFlag(
  flag: ChannelBindingFlag,
  isPlus: boolean,
  deps: SaslServerDeps,
): Outcome | undefined {
  if (isPlus) {
    if (flag.type !== "bound") return malformed("-PLUS needs channel binding");
    if (flag.name !== CHANNEL_BINDING_NAME) {
      return refused(`channel binding is by ${CHANNEL_BINDING_NAME} only`);
    }
    return undefined;
  }
  if (flag.type === "bound") return malformed("channel binding needs the -PLUS mechanism");
  // The client could bind and did not see that we can: somebody took -PLUS out of our list.
  if (flag.type === "unused" && offersPlus(deps)) {
    return refused("the list of mechanisms was tampered with");
  }
  return undefined;
}

export function offersPlus({ channelBinding, mechanisms }: SaslServerDeps): boolean {
  if (channelBinding === undefined) return false;
  return mechanisms === undefined || mechanisms.some((name) => /^SCRAM-.*-PLUS$/i.test(name));
}
