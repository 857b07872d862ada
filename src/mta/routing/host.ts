/** Where to connect, or why there is nowhere. */

export type Host = {
  /** The exchanger's name, or an address literal: for TLS, logs and reports. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
};

/** As a delivery status: `temporary` defers, otherwise the recipients fail. */
export type RouteProblem = {
  readonly ok: false;
  readonly temporary: boolean;
  /** RFC 3463 */
  readonly status: string;
  readonly problem: string;
};

export type HostsFound =
  /** In the order they shall be tried; at least one. */
  | {
      readonly ok: true;
      readonly hosts: readonly Host[];
      /** The hosts' names can be relied on: validated by DNSSEC, or given by configuration or the address itself. */
      readonly isAuthentic: boolean;
      /** Its exchangers, whichever of them are tried: the same for all domains that share them. */
      readonly site?: string;
    }
  | RouteProblem;

export function routeProblem(
  kind: "temporary" | "permanent",
  status: string,
  problem: string,
): RouteProblem {
  return { ok: false, temporary: kind === "temporary", status, problem };
}
