/**
 * APOP (RFC 1939 §7): MD5 over the banner's timestamp and the password. MD5 alone protects little and
 * the server must keep the password itself, so it is off unless a look-up is injected.
 */

import { encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { attemptLogin, provenAccount, wrongProof } from "../../sasl/login-attempt.ts";
import type { Outcome } from "../../sasl/server-exchange.ts";
import type { SaslServerDeps } from "../../sasl/server-deps.ts";
import { prepareName } from "../../sasl/prepare-string.ts";

export type ApopSecret = (name: string) => Promise<string | undefined>;

export type Apop = {
  readonly timestamp: string;
  login(name: string, digest: string): Promise<Outcome>;
};

export function makeApop(deps: () => SaslServerDeps, secretOf: ApopSecret): Apop {
  const { random, crypto, hostName = "localhost" } = deps();
  const timestamp = `<${hex(random.bytes(16))}@${hostName}>`;
  return {
    timestamp,
    login(claimed, digest) {
      const name = prepareName(claimed) ?? "";
      return attemptLogin(deps(), { name }, async () => {
        // An unknown name is checked against a secret that nobody knows (security row 38).
        const secret = (await secretOf(name)) ?? hex(random.bytes(16));
        const expected = hex(crypto.hash("md5", encodeUtf8(timestamp + secret)));
        const isRight = crypto.equal(encodeLatin1(expected), encodeLatin1(digest));
        return isRight ? provenAccount(deps(), name) : wrongProof();
      });
    },
  };
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
