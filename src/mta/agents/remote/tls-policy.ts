/** How much TLS a connection to a host needs. Later DANE and MTA-STS decide here (RFC 7672, RFC 8461). */

import type { QueuedMessage } from "../../../store/queue.ts";
import type { MtaConfig, NextHop, TlsLevel } from "../../config.ts";

export type HopPolicy = {
  readonly tls: TlsLevel;
  readonly implicitTls: boolean;
  readonly credentials: NextHop["credentials"];
  /** Default SMTP. */
  readonly protocol?: "smtp" | "lmtp";
};

export function hopPolicy(
  nextHop: NextHop | undefined,
  config: Pick<MtaConfig, "remote">,
  wanted?: QueuedMessage["tls"],
): HopPolicy {
  return {
    tls: levelFor(nextHop, config, wanted),
    implicitTls: nextHop?.implicitTls ?? false,
    credentials: nextHop?.credentials,
  };
}

/**
 * RFC 8689: REQUIRETLS needs a certificate for the host's name, whatever else is configured.
 * `TLS-Required: No` waives what is asked of strangers; a next hop that the operator has named
 * keeps the level that the operator has given it. A Unix socket does not leave the machine.
 */
function levelFor(
  nextHop: NextHop | undefined,
  config: Pick<MtaConfig, "remote">,
  wanted: QueuedMessage["tls"],
): TlsLevel {
  if (nextHop?.host.startsWith("/") === true) return nextHop.tls;
  if (wanted === "required") return "verify";
  if (nextHop !== undefined) return nextHop.tls;
  return wanted === "waived" && config.remote.tls !== "never" ? "may" : config.remote.tls;
}

/** What two deliveries must have in common to share a connection. */
export function connectionKey(
  host: { readonly name: string; readonly address: string; readonly port: number },
  policy: HopPolicy,
): string {
  const login = policy.credentials?.name ?? "";
  // The name counts: it is what the certificate was checked against.
  return `${policy.protocol ?? "smtp"} ${host.name} ${host.address}:${host.port} ${policy.tls} ${policy.implicitTls} ${login}`;
}
