/**
 * SCRAM-SHA-1 and SCRAM-SHA-256, and their -PLUS forms, as the client. The server must prove that it
 * knows the password's verifier too; one that cannot is not believed (`verify`, and `step`'s refusal).
 */

import {
  concatBytes,
  decodeUtf8Strict,
  encodeBase64,
  encodeUtf8,
  NO_OCTETS,
} from "../base/bytes.ts";
import type { Crypto } from "../base/crypto.ts";
import { MailError } from "../base/errors.ts";
import type { ClientMechanism } from "./mechanism.ts";
import { prepareName, preparePassword } from "./prepare-string.ts";
import { encodeSaslName } from "./sasl-name.ts";
import {
  clientProof,
  MIN_SCRAM_ITERATIONS,
  scramKeys,
  serverSignature,
  type ScramHash,
} from "./scram-keys.ts";
import { parseServerFinal, parseServerFirst } from "./scram-message.ts";

/** A server that asks for more wants to keep our processor busy: OWASP's figure is 1,300,000 for SHA-1. */
export const MAX_SCRAM_ITERATIONS = 5_000_000;

export type ScramClientWish = {
  readonly hash: ScramHash;
  readonly name: string;
  readonly password: string;
  readonly authorizeAs: string;
  readonly nonce: string;
  /** RFC 5802 §6: the GS2 flag, and the data when the channel is bound. */
  readonly binding: { readonly flag: string; readonly data: Uint8Array };
};

export function scramClient(
  mechanism: string,
  wish: ScramClientWish,
  crypto: Crypto,
): ClientMechanism {
  const { hash } = wish;
  const acting = wish.authorizeAs === "" ? "" : `a=${encodeSaslName(wish.authorizeAs)}`;
  const gs2Header = `${wish.binding.flag},${acting},`;
  const bare = `n=${encodeSaslName(prepareName(wish.name) ?? wish.name)},r=${wish.nonce}`;
  let expected: Uint8Array | undefined;
  let isServerProven = false;

  async function answerFirst(challenge: Uint8Array): Promise<Uint8Array> {
    const serverFirst = decodeUtf8Strict(challenge) ?? "";
    const first = parseServerFirst(serverFirst);
    if (first === undefined) throw distrust("the server's first SCRAM message cannot be read");
    if (!first.nonce.startsWith(wish.nonce) || first.nonce.length === wish.nonce.length) {
      throw distrust("the server's nonce does not continue ours");
    }
    if (first.iterations < MIN_SCRAM_ITERATIONS || first.iterations > MAX_SCRAM_ITERATIONS) {
      throw distrust(`the server asks for ${first.iterations} iterations`);
    }
    const password = preparePassword(wish.password) ?? wish.password;
    const keys = await scramKeys(crypto, hash, password, first.salt, first.iterations);
    const binding = concatBytes([encodeUtf8(gs2Header), wish.binding.data]);
    const withoutProof = `c=${encodeBase64(binding)},r=${first.nonce}`;
    const authMessage = `${bare},${serverFirst},${withoutProof}`;
    expected = serverSignature(crypto, hash, keys.serverKey, authMessage);
    const proof = clientProof(crypto, hash, keys, authMessage);
    return encodeUtf8(`${withoutProof},p=${encodeBase64(proof)}`);
  }

  function proves(octets: Uint8Array): boolean {
    const final = parseServerFinal(octets);
    if (final === undefined || !("signature" in final) || expected === undefined) return false;
    return crypto.equal(final.signature, expected);
  }

  const clientFirst = encodeUtf8(gs2Header + bare);
  return {
    name: mechanism,
    initial: () => clientFirst,
    async step(challenge) {
      if (expected === undefined) {
        return challenge.length === 0 ? clientFirst : answerFirst(challenge);
      }
      if (!proves(challenge))
        throw distrust("the server could not prove that it knows the account");
      isServerProven = true;
      return NO_OCTETS;
    },
    verify(finalOctets) {
      return isServerProven || (finalOctets !== undefined && proves(finalOctets));
    },
  };
}

function distrust(sentence: string): MailError {
  return new MailError("refused", sentence);
}
