/**
 * A connection to one host, ready for transactions: TCP, banner, EHLO, TLS as the policy wants it,
 * login. At level `may` a failed handshake is followed by one more try in the clear, to the same
 * host; at any other level it never is (RFC 7435 §3; mta.md 42).
 */

import type { Channel, ResumableTls, TlsWish } from "../../../base/channel.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Crypto } from "../../../base/crypto.ts";
import { isMailError, MailError } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import type { Random } from "../../../base/random.ts";
import { chooseMechanism, clientMechanism } from "../../../sasl/client-mechanism.ts";
import { SmtpClient } from "../../../smtp/client.ts";
import type { ClientTimeouts } from "../../../smtp/client-timeouts.ts";
import type { StepOutcome } from "../../../smtp/delivery.ts";
import { replyStatus, replyText } from "../outcome.ts";
import type { Host } from "../../routing/host.ts";
import { connectionKey, type HopPolicy } from "./tls-policy.ts";
import type { TlsTickets } from "./tls-tickets.ts";

export type Connect = (target: {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
}) => Promise<Channel>;

export type ConnectionDeps = {
  readonly connect: Connect;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly log: Log;
  readonly tickets: TlsTickets;
};

export type ConnectionConfig = {
  readonly hostname: string;
  readonly connectTimeoutMs: number;
  /** Default: those of RFC 5321. */
  readonly timeouts?: Partial<ClientTimeouts>;
};

/** Why there is no connection, in the terms of a delivery status. */
export type ConnectionProblem = {
  readonly ok: false;
  /** The host itself said that it takes no mail (5xx banner), or that it is us. */
  readonly isPermanent: boolean;
  readonly status: string;
  readonly problem: string;
  readonly diagnostic: string | undefined;
  /** The host answered: it counts as a session. */
  readonly isReached: boolean;
};

export type Opened = { readonly ok: true; readonly client: SmtpClient } | ConnectionProblem;

export async function openConnection(
  host: Host,
  policy: HopPolicy,
  deps: ConnectionDeps,
  config: ConnectionConfig,
): Promise<Opened> {
  const { tickets, log } = deps;
  const key = connectionKey(host, policy);
  const relay = hostLabel(host);
  const resume = policy.tls === "never" && !policy.implicitTls ? undefined : tickets.take(key);
  const onResumable = (session: ResumableTls): void => tickets.keep(key, session);
  let opened = await tryOpen(host, policy, { ...deps, resume, onResumable }, config);
  if (opened.type === "handshake-failed") {
    tickets.forget(key);
    // A server that has lost its ticket key should not mind; where one does, the session is to blame, not TLS.
    if (resume !== undefined) {
      log.info("mta.tls-failed", { relay, next: "without the earlier session" });
      opened = await tryOpen(host, policy, { ...deps, onResumable }, config);
    }
  }
  if (opened.type === "handshake-failed" && policy.tls === "may" && !policy.implicitTls) {
    log.info("mta.tls-failed", { relay, next: "in the clear" });
    opened = await tryOpen(host, { ...policy, tls: "never" }, deps, config);
  }
  if (opened.type === "settled") return opened.opened;
  return environmentProblem(host, opened.error, opened.isReached);
}

type Tried =
  | { readonly type: "settled"; readonly opened: Opened }
  | { readonly type: "handshake-failed"; readonly error: MailError; readonly isReached: boolean };

type TryDeps = ConnectionDeps & Pick<TlsWish, "resume" | "onResumable">;

async function tryOpen(
  host: Host,
  policy: HopPolicy,
  deps: TryDeps,
  config: ConnectionConfig,
): Promise<Tried> {
  const open: { channel?: Channel; client?: SmtpClient } = {};
  try {
    return { type: "settled", opened: await converse(host, policy, deps, config, open) };
  } catch (error) {
    open.channel?.abort();
    if (!(error instanceof MailError)) throw error;
    const isReached = open.client !== undefined;
    return isMailError(error, "tls-failed")
      ? { type: "handshake-failed", error, isReached }
      : { type: "settled", opened: environmentProblem(host, error, isReached) };
  }
}

/** What it opens is left in `open`, for whoever has to clean up behind it. Rejects with MailError. */
async function converse(
  host: Host,
  policy: HopPolicy,
  deps: TryDeps,
  config: ConnectionConfig,
  open: { channel?: Channel; client?: SmtpClient },
): Promise<Opened> {
  const { name, address, port } = host;
  const timeoutMs = config.connectTimeoutMs;
  const channel = (open.channel = await deps.connect({ host: name, address, port, timeoutMs }));
  // For a literal, the address itself is what a certificate would have to show.
  const serverName = host.name.startsWith("[") ? host.address : host.name;
  const { resume, onResumable } = deps;
  const wish = { serverName, verify: policy.tls === "verify", resume, onResumable };
  if (policy.implicitTls) await channel.startTls(wish);
  const client = (open.client = new SmtpClient(channel, {
    clientName: config.hostname,
    protocol: policy.protocol,
    timeouts: config.timeouts,
    clock: deps.clock,
    log: deps.log,
  }));
  const greeted = await client.open();
  if (!greeted.ok) return giveUp(client, refusedStep(host, greeted));
  const mayBeUs = policy.protocol !== "lmtp";
  if (mayBeUs && isOurselves(client, config.hostname)) return giveUp(client, ourselves(host));
  if (policy.tls !== "never" && channel.tls === undefined) {
    const secured = await client.startTls(wish);
    if (!secured.ok && policy.tls !== "may") return giveUp(client, noTls(host, secured));
    if (!secured.ok && secured.stage === "helo") return giveUp(client, refusedStep(host, secured));
  }
  if (policy.credentials !== undefined) {
    const refusal = await logIn(client, host, policy.credentials, deps);
    if (refusal !== undefined) return giveUp(client, refusal);
  }
  return { ok: true, client };
}

async function giveUp(client: SmtpClient, why: ConnectionProblem): Promise<ConnectionProblem> {
  await client.quit();
  return why;
}

/** RFC 5321 §6.3: a host that gives itself our name is us, whatever DNS says. */
function isOurselves(client: SmtpClient, hostname: string): boolean {
  return hostname.includes(".") && client.extensions.serverName.toLowerCase() === hostname;
}

async function logIn(
  client: SmtpClient,
  host: Host,
  credentials: NonNullable<HopPolicy["credentials"]>,
  deps: ConnectionDeps,
): Promise<ConnectionProblem | undefined> {
  const { tls } = client.channel;
  const advertised = client.extensions.mechanisms;
  const channelBinding = tls?.channelBinding;
  const name = chooseMechanism(advertised, credentials, {
    tls: tls !== undefined,
    channelBinding: channelBinding !== undefined,
  });
  const mechanism =
    name === undefined
      ? undefined
      : clientMechanism(name, credentials, {
          ...deps,
          channelBinding,
          advertised,
          host: host.name,
        });
  if (mechanism === undefined) {
    return problem(host, "4.7.0", "the server offers no way to log in that we would use here");
  }
  const outcome = await client.authenticate(mechanism);
  if (outcome.ok) return undefined;
  // The operator's to mend, so the mail waits, also for a 535.
  const said = outcome.reply === undefined ? "no answer" : replyText(outcome.reply);
  return problem(host, "4.7.8", `logging in failed: ${said}`);
}

function refusedStep(host: Host, outcome: Extract<StepOutcome, { ok: false }>): ConnectionProblem {
  const { reply } = outcome;
  if (reply === undefined) return problem(host, "4.3.0", `no answer at ${outcome.stage}`);
  const text = replyText(reply);
  return {
    ok: false,
    isPermanent: reply.code >= 500,
    status: replyStatus(reply),
    problem: `${hostLabel(host)} refused the session: ${text}`,
    diagnostic: text,
    isReached: true,
  };
}

function noTls(host: Host, outcome: Extract<StepOutcome, { ok: false }>): ConnectionProblem {
  const said =
    outcome.reply === undefined ? "is not offered" : `was refused: ${replyText(outcome.reply)}`;
  return problem(host, "4.7.4", `TLS is required here, but ${said}`);
}

function ourselves(host: Host): ConnectionProblem {
  return {
    ...problem(host, "5.4.6", "the mail loops back to this host"),
    isPermanent: true,
  };
}

function environmentProblem(host: Host, error: MailError, isReached: boolean): ConnectionProblem {
  const status = error.code === "tls-failed" ? "4.7.5" : isReached ? "4.4.2" : "4.4.1";
  if (error.code !== "connect-failed")
    return { ...problem(host, status, error.message), isReached };
  // It names the address; the label does, with the host's name.
  const reason = error.message.replace(/^connect to \S+: /, "");
  const text = `connect to ${hostLabel(host)}: ${reason}`;
  return { ...problem(host, status, reason), problem: text, isReached };
}

function problem(host: Host, status: string, text: string): ConnectionProblem {
  return {
    ok: false,
    isPermanent: false,
    status,
    problem: `${hostLabel(host)}: ${text}`,
    diagnostic: undefined,
    isReached: true,
  };
}

/** `mx.example.net[192.0.2.1]:25`; an address literal has no name, and a Unix socket is its path. */
export function hostLabel({ name, address, port }: Host): string {
  if (address.startsWith("/")) return address;
  const isLiteral = name.startsWith("[") || name === address;
  return `${isLiteral ? "" : name}[${address}]:${port}`;
}
