/**
 * CRAM-MD5 (RFC 2195): the password keys an HMAC-MD5 over a fresh challenge. The server must keep
 * the password itself, so Posthorn's own set-up does not offer it; whoever must, injects the look-up.
 */

import { decodeLatin1, decodeUtf8Strict, encodeLatin1, encodeUtf8 } from "../base/bytes.ts";
import type { Crypto } from "../base/crypto.ts";
import { attemptLogin, provenAccount, wrongProof } from "./login-attempt.ts";
import type { ClientMechanism, ServerMechanism } from "./mechanism.ts";
import { prepareName, preparePassword } from "./prepare-string.ts";
import { malformed, mechanismFromExchange } from "./server-exchange.ts";
import type { SaslServerDeps } from "./server-deps.ts";

type CramSecret = NonNullable<SaslServerDeps["cramSecret"]>;

export function cramMd5Server(
  deps: SaslServerDeps,
  cramSecret: CramSecret,
  challenge: string = makeChallenge(deps),
): ServerMechanism {
  return mechanismFromExchange("CRAM-MD5", async function* (initial) {
    // RFC 2195 has no initial response: the server speaks first.
    if (initial !== undefined && initial.length > 0) return malformed("CRAM-MD5 starts here");
    const answer = parseAnswer(yield encodeLatin1(challenge));
    if (answer === undefined) return malformed("not a CRAM-MD5 answer");
    const name = prepareName(answer.name) ?? "";
    return attemptLogin(deps, { name }, async () => {
      // An unknown name is checked against a key that nobody knows (security row 38).
      const secret = (await cramSecret(name)) ?? deps.random.bytes(32);
      const expected = encodeLatin1(digest(deps.crypto, secret, challenge));
      const isRight = deps.crypto.equal(expected, encodeLatin1(answer.digest));
      return isRight ? provenAccount(deps, name) : wrongProof();
    });
  });
}

function makeChallenge({ random, hostName = "localhost" }: SaslServerDeps): string {
  return `<${hex(random.bytes(16))}@${hostName}>`;
}

function parseAnswer(octets: Uint8Array): { name: string; digest: string } | undefined {
  // The name may hold spaces: the last one parts.
  const match = /^(.+) ([0-9a-f]{32})$/s.exec(decodeUtf8Strict(octets) ?? "");
  return match === null ? undefined : { name: match[1], digest: match[2] };
}

function digest(crypto: Crypto, secret: Uint8Array, challenge: string): string {
  return hex(crypto.hmac("md5", secret, encodeLatin1(challenge)));
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

export function cramMd5Client(name: string, password: string, crypto: Crypto): ClientMechanism {
  const secret = encodeUtf8(preparePassword(password) ?? password);
  return {
    name: "CRAM-MD5",
    initial: () => undefined,
    step: async (challenge) =>
      encodeUtf8(`${name} ${digest(crypto, secret, decodeLatin1(challenge))}`),
    verify: () => true,
  };
}
