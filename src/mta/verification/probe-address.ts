/**
 * Asks the server that an address belongs to whether it would take mail for it (a callout): MAIL with
 * the null reverse-path, RCPT, RSET. The first host that gives a clear answer decides. No text is sent.
 */

import { isMailError } from "../../base/errors.ts";
import { formatAddress, needsSmtpUtf8, type Address } from "../../message/addr-spec.ts";
import { isTransient } from "../../smtp/reply.ts";
import type { ClientTimeouts } from "../../smtp/client-timeouts.ts";
import {
  hostLabel,
  openConnection,
  type ConnectionDeps,
} from "../agents/remote/open-connection.ts";
import { hopPolicy, type HopPolicy } from "../agents/remote/tls-policy.ts";
import { replyText } from "../agents/outcome.ts";
import { LMTP_TRANSPORT, SMTP_TRANSPORT } from "../agents/transports.ts";
import type { MtaConfig } from "../config.ts";
import { chooseRoute, type RouteByDns, type RouteByHops } from "../routing/choose-route.ts";
import { findHosts, findNextHop, type RoutingDeps } from "../routing/find-hosts.ts";
import type { Host, HostsFound } from "../routing/host.ts";

export type ProbeAnswer =
  | { readonly type: "exists" }
  /** For good, in the server's words; or by DNS: 5.1.10 for a null MX (RFC 7505), 5.1.2 for no domain. */
  | { readonly type: "refused"; readonly status: string; readonly problem: string }
  /** Nobody could say. */
  | { readonly type: "unknown"; readonly problem: string };

export type ProbeDeps = ConnectionDeps & Pick<RoutingDeps, "resolver" | "ownHosts">;

export type ProbeConfig = Pick<
  MtaConfig,
  "hostname" | "routes" | "smarthost" | "recipientDelimiter" | "remote"
>;

const STEP_MS = 15_000;
const TIMEOUTS: Partial<ClientTimeouts> = {
  bannerMs: STEP_MS,
  heloMs: STEP_MS,
  mailMs: STEP_MS,
  rcptMs: STEP_MS,
  resetMs: 5_000,
};
const MAX_HOSTS = 3;

type Ways = { readonly policy: HopPolicy; readonly found: HostsFound };

export async function probeAddress(
  address: Address,
  deps: ProbeDeps,
  config: ProbeConfig,
): Promise<ProbeAnswer> {
  const mail = { recipient: address, sender: "", account: undefined };
  const route = chooseRoute(mail, config);
  // A command or a file of ours: there is nobody to ask.
  if (route.transport !== SMTP_TRANSPORT && !("nextHops" in route)) return { type: "exists" };
  let last: ProbeAnswer = { type: "unknown", problem: "no host could be asked" };
  for await (const { policy, found } of waysOf(route, deps, config)) {
    if (!found.ok) {
      const { temporary, status, problem } = found;
      last = temporary ? { type: "unknown", problem } : { type: "refused", status, problem };
      continue;
    }
    for (const host of found.hosts.slice(0, MAX_HOSTS)) {
      last = await askHost(host, policy, address, deps, config);
      if (last.type !== "unknown") return last;
    }
  }
  return last;
}

async function* waysOf(
  route: RouteByDns | RouteByHops,
  deps: ProbeDeps,
  config: ProbeConfig,
): AsyncGenerator<Ways> {
  const { remote } = config;
  if (route.transport === SMTP_TRANSPORT) {
    const found = await findHosts(route.destination, deps, remote);
    yield { policy: hopPolicy(undefined, config), found };
    return;
  }
  const protocol = route.transport === LMTP_TRANSPORT ? "lmtp" : "smtp";
  for (const nextHop of route.nextHops) {
    const found = await findNextHop(nextHop, deps, remote);
    yield { policy: { ...hopPolicy(nextHop, config), protocol }, found };
  }
}

async function askHost(
  host: Host,
  policy: HopPolicy,
  address: Address,
  deps: ProbeDeps,
  { hostname, remote }: ProbeConfig,
): Promise<ProbeAnswer> {
  const opened = await openConnection(host, policy, deps, {
    hostname,
    connectTimeoutMs: Math.min(remote.connectTimeoutMs, STEP_MS),
    timeouts: TIMEOUTS,
  });
  if (!opened.ok) return { type: "unknown", problem: opened.problem };
  const { client } = opened;
  try {
    // It would refuse the command, which says nothing of the address.
    if (needsSmtpUtf8(address) && !client.extensions.has("SMTPUTF8")) return { type: "exists" };
    const answer = await client.probe("null", address);
    if (answer.ok) return { type: "exists" };
    const said = answer.reply === undefined ? "nothing" : replyText(answer.reply);
    const problem = `${hostLabel(host)} said: ${said}`;
    if (answer.reply === undefined || isTransient(answer.reply)) {
      return { type: "unknown", problem };
    }
    // A server that takes no reports can't be asked; what it is told later, it may refuse itself.
    if (answer.stage !== "rcpt") return { type: "exists" };
    return { type: "refused", status: "5.1.1", problem };
  } catch (error) {
    if (!isMailError(error)) throw error;
    return {
      type: "unknown",
      problem: `${hostLabel(host)}, ${formatAddress(address)}: ${error.message}`,
    };
  } finally {
    await client.quit();
  }
}
