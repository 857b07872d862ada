/** Puts engine, handler and store together for one connection: what a listener calls. */

import type { Channel } from "../../base/channel.ts";
import type { Crypto } from "../../base/crypto.ts";
import type { Random } from "../../base/random.ts";
import { APPEND_LIMIT_OCTETS, type ImapOptions } from "../../imap/serve-options.ts";
import { serveImap } from "../../imap/serve.ts";
import { certificateIdentity } from "../../sasl/certificate-identity.ts";
import type { LoginGuard } from "../../sasl/login-guard.ts";
import type { SaslServerDeps } from "../../sasl/server-deps.ts";
import type { Store } from "../../store/contract.ts";
import type { CapabilityMask } from "./capability-mask.ts";
import { deflateChannel } from "./deflate-channel.ts";
import { makeImapHandler } from "./imap-handler.ts";
import type { SessionCounter } from "./session-counter.ts";

export type ImapServiceDeps = {
  readonly store: Store;
  readonly crypto: Crypto;
  readonly random: Random;
  /** One for all protocols and sessions of the process. */
  readonly guard?: LoginGuard;
  /** Enables OAUTHBEARER and XOAUTH2. */
  readonly verifyToken?: SaslServerDeps["verifyToken"];
  /** One for all IMAP sessions of the process. */
  readonly sessions: SessionCounter;
  readonly version: string;
  readonly capabilityMasks?: readonly CapabilityMask[];
};

/** Serves one IMAP connection until it ends; never rejects. */
export async function serveImapSession(
  channel: Channel,
  deps: ImapServiceDeps,
  options: ImapOptions,
): Promise<void> {
  const log = options.log.child({ protocol: "imap", peer: channel.peer.address });
  const allowPlaintextAuth = options.allowPlaintextAuth ?? false;
  const sasl = (): SaslServerDeps => ({
    crypto: deps.crypto,
    random: deps.random,
    credentials: deps.store.credentials,
    channelBinding: channel.tls?.channelBinding,
    externalIdentity: certificateIdentity(channel.tls),
    verifyToken: deps.verifyToken,
    guard: deps.guard,
    peerAddress: channel.peer.address,
    hostName: options.hostName,
  });
  const handler = makeImapHandler({
    store: deps.store,
    clock: options.clock,
    log,
    sasl,
    sessions: deps.sessions,
    peerAddress: channel.peer.address,
    isTls: () => channel.tls !== undefined,
    allowPlaintextAuth,
    appendLimitOctets: options.appendLimitOctets ?? APPEND_LIMIT_OCTETS,
    capabilityMasks: deps.capabilityMasks ?? [],
    identification: new Map([
      ["name", "Posthorn"],
      ["version", deps.version],
    ]),
  });
  // Returned, not awaited: nothing of this call stays for as long as the session lasts.
  return serveImap(channel, handler, { compress: deflateChannel, ...options, log });
}
