/** The client side of the mechanisms, by name, and the choice among what a server offers. */

import { NO_OCTETS } from "../base/bytes.ts";
import type { Crypto } from "../base/crypto.ts";
import type { Random } from "../base/random.ts";
import { cramMd5Client } from "./cram-md5.ts";
import { externalClient } from "./external.ts";
import { loginClient } from "./login.ts";
import type { ClientMechanism } from "./mechanism.ts";
import { oauthClient } from "./oauth.ts";
import { plainClient } from "./plain.ts";
import { scramClient } from "./scram-client.ts";
import { CHANNEL_BINDING_NAME, makeNonce } from "./scram-server.ts";

export type ClientCredentials = {
  readonly name: string;
  readonly password?: string;
  /** An OAuth 2.0 bearer token. */
  readonly token?: string;
  /** TLS showed a client certificate: EXTERNAL is possible. */
  readonly hasCertificate?: boolean;
  /** Another account to act for, where the server allows it. */
  readonly authorizeAs?: string;
};

export type SaslClientDeps = {
  readonly crypto: Crypto;
  readonly random: Random;
  /** `tls-exporter` data of this connection (RFC 9266). */
  readonly channelBinding?: Uint8Array;
  /** What the server offers, for SCRAM's protection against a list that was tampered with. */
  readonly advertised?: readonly string[];
  /** Where the connection goes, told in OAUTHBEARER. */
  readonly host?: string;
  readonly port?: number;
};

/** Undefined when the mechanism is unknown, or the credentials are not of its kind. */
export function clientMechanism(
  name: string,
  credentials: ClientCredentials,
  deps: SaslClientDeps,
): ClientMechanism | undefined {
  const { password, token, authorizeAs = "" } = credentials;
  const mechanism = name.toUpperCase();
  switch (mechanism) {
    case "EXTERNAL":
      return credentials.hasCertificate ? externalClient(authorizeAs) : undefined;
    case "OAUTHBEARER":
    case "XOAUTH2":
      if (token === undefined) return undefined;
      return oauthClient(mechanism, { ...deps, name: credentials.name, token });
    case "PLAIN":
      return password === undefined
        ? undefined
        : plainClient({ authorizeAs, name: credentials.name, password });
    case "LOGIN":
      return password === undefined ? undefined : loginClient(credentials.name, password);
    case "CRAM-MD5":
      return password === undefined
        ? undefined
        : cramMd5Client(credentials.name, password, deps.crypto);
    default:
      return scram(mechanism, credentials, deps);
  }
}

const SCRAM = /^SCRAM-SHA-(1|256)(-PLUS)?$/;

function scram(
  mechanism: string,
  { name, password, authorizeAs = "" }: ClientCredentials,
  deps: SaslClientDeps,
): ClientMechanism | undefined {
  const match = SCRAM.exec(mechanism);
  if (match === null || password === undefined) return undefined;
  const isPlus = match[2] !== undefined;
  if (isPlus && deps.channelBinding === undefined) return undefined;
  return scramClient(
    mechanism,
    {
      hash: match[1] === "1" ? "sha1" : "sha256",
      name,
      password,
      authorizeAs,
      nonce: makeNonce(deps),
      binding: { flag: gs2Flag(isPlus, deps), data: (isPlus && deps.channelBinding) || NO_OCTETS },
    },
    deps.crypto,
  );
}

/** RFC 5802 §6: `y` tells the server that we could bind but saw no -PLUS in its list. */
function gs2Flag(isPlus: boolean, { channelBinding, advertised }: SaslClientDeps): string {
  if (isPlus) return `p=${CHANNEL_BINDING_NAME}`;
  const sawPlus = advertised?.some((name) => /^SCRAM-.*-PLUS$/i.test(name)) ?? true;
  return channelBinding !== undefined && !sawPlus ? "y" : "n";
}

const BOUND = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"];
const PROOFS = ["SCRAM-SHA-256", "SCRAM-SHA-1"];
const BARE_PASSWORD = ["PLAIN", "LOGIN"];

/**
 * The best of what the server offers for these credentials, or undefined. A password or token
 * travels only under TLS, unless `allowInClear`; a proof (SCRAM) may travel in the clear.
 */
export function chooseMechanism(
  advertised: readonly string[],
  credentials: ClientCredentials,
  channel: {
    readonly tls: boolean;
    readonly channelBinding?: boolean;
    readonly allowInClear?: boolean;
  },
): string | undefined {
  const offered = new Set(advertised.map((name) => name.toUpperCase()));
  return preferences(credentials, channel).find((name) => offered.has(name));
}

function preferences(
  credentials: ClientCredentials,
  channel: {
    readonly tls: boolean;
    readonly channelBinding?: boolean;
    readonly allowInClear?: boolean;
  },
): string[] {
  const mayShow = channel.tls || channel.allowInClear === true;
  const wanted: string[] = [];
  if (credentials.hasCertificate && channel.tls) wanted.push("EXTERNAL");
  if (credentials.token !== undefined && mayShow) wanted.push("OAUTHBEARER", "XOAUTH2");
  if (credentials.password === undefined) return wanted;
  if (channel.channelBinding) wanted.push(...BOUND);
  wanted.push(...PROOFS);
  if (mayShow) wanted.push(...BARE_PASSWORD);
  // HMAC-MD5 hides little: better than a password in the clear, worse than one under TLS.
  wanted.push("CRAM-MD5");
  return wanted;
}
