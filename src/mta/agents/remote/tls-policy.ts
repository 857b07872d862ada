/** How much TLS a connection to a host needs. Later DANE and MTA-STS decide here (RFC 7672, RFC 8461). */

import type { MtaConfig, NextHop, TlsLevel } from "../../config.ts";

export type HopPolicy = {
  readonly tls: TlsLevel;
  readonly implicitTls: boolean;
  readonly credentials: NextHop["credentials"];
};

export function hopPolicy(
  nextHop: NextHop | undefined,
  config: Pick<MtaConfig, "remote">,
): HopPolicy {
  return {
    tls: nextHop?.tls ?? config.remote.tls,
    implicitTls: nextHop?.implicitTls ?? false,
    credentials: nextHop?.credentials,
  };
}

/** What two deliveries must have in common to share a connection. */
export function connectionKey(
  host: { readonly name: string; readonly address: string; readonly port: number },
  policy: HopPolicy,
): string {
  const login = policy.credentials?.name ?? "";
  // The name counts: it is what the certificate was checked against.
  return `${host.name} ${host.address}:${host.port} ${policy.tls} ${policy.implicitTls} ${login}`;
}
