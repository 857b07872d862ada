/**
 * The mechanisms a server offers, by name. A protocol takes what to advertise from
 * `advertisedMechanisms`, and starts only what it has advertised.
 */

import { cramMd5Server } from "./cram-md5.ts";
import { externalServer } from "./external.ts";
import { loginServer } from "./login.ts";
import type { ServerMechanism } from "./mechanism.ts";
import { oauthServer } from "./oauth.ts";
import { plainServer } from "./plain.ts";
import { scramServer } from "./scram-server.ts";
import type { SaslServerDeps } from "./server-deps.ts";

type Offer = {
  readonly name: string;
  /** Makes an exchange, or undefined when `deps` lack what the mechanism needs. */
  readonly start: (deps: SaslServerDeps) => ServerMechanism | undefined;
};

function scramOffer(name: string, hash: "sha1" | "sha256", isPlus: boolean): Offer {
  return {
    name,
    start: (deps) =>
      isPlus && deps.channelBinding === undefined
        ? undefined
        : scramServer(name, { hash, isPlus }, deps),
  };
}

function oauthOffer(name: "OAUTHBEARER" | "XOAUTH2"): Offer {
  return {
    name,
    start: (deps) => deps.verifyToken && oauthServer(name, deps, deps.verifyToken),
  };
}

/** In the order in which they are advertised: the best first. */
const OFFERS: readonly Offer[] = [
  scramOffer("SCRAM-SHA-256-PLUS", "sha256", true),
  scramOffer("SCRAM-SHA-1-PLUS", "sha1", true),
  scramOffer("SCRAM-SHA-256", "sha256", false),
  scramOffer("SCRAM-SHA-1", "sha1", false),
  {
    name: "EXTERNAL",
    start: (deps) =>
      deps.externalIdentity ? externalServer(deps, deps.externalIdentity) : undefined,
  },
  oauthOffer("OAUTHBEARER"),
  oauthOffer("XOAUTH2"),
  { name: "PLAIN", start: plainServer },
  { name: "LOGIN", start: loginServer },
  { name: "CRAM-MD5", start: (deps) => deps.cramSecret && cramMd5Server(deps, deps.cramSecret) },
];

/** A fresh exchange, or undefined for a mechanism that is unknown or not possible with `deps`. */
export function serverMechanism(name: string, deps: SaslServerDeps): ServerMechanism | undefined {
  const wanted = name.toUpperCase();
  const offer = OFFERS.find((candidate) => candidate.name === wanted);
  return offer !== undefined && isPermitted(offer, deps) ? offer.start(deps) : undefined;
}

/**
 * What to advertise on this connection. In the clear nothing, unless `allowInClear` says that the
 * network is trusted (security row 15).
 */
export function advertisedMechanisms(
  deps: SaslServerDeps,
  channel: { readonly tls: boolean; readonly allowInClear?: boolean },
): readonly string[] {
  if (!channel.tls && !channel.allowInClear) return [];
  return OFFERS.filter((offer) => isPermitted(offer, deps) && offer.start(deps) !== undefined).map(
    (offer) => offer.name,
  );
}

function isPermitted(offer: Offer, { mechanisms }: SaslServerDeps): boolean {
  return mechanisms === undefined || mechanisms.some((name) => name.toUpperCase() === offer.name);
}
