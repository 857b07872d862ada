/** The addresses of one host, IPv6 and IPv4 taking turns, so that a broken family costs one try. */

import { shuffled, type Random } from "../../base/random.ts";
import type { DnsAnswer, Resolver } from "../../base/resolver.ts";

export type AddressesFound =
  | { readonly status: "found"; readonly addresses: readonly string[] }
  /** The name has no address, or does not exist. */
  | { readonly status: "none" }
  | { readonly status: "failed"; readonly reason: string };

export async function lookUpAddresses(
  host: string,
  deps: { readonly resolver: Pick<Resolver, "a" | "aaaa">; readonly random: Random },
  families: readonly ("ipv4" | "ipv6")[],
): Promise<AddressesFound> {
  const answers = await Promise.all(
    families.map((family) =>
      family === "ipv4" ? deps.resolver.a(host) : deps.resolver.aaaa(host),
    ),
  );
  const columns = answers.map((answer) => shuffled(recordsOf(answer), deps.random));
  const addresses = takeTurns(columns);
  if (addresses.length > 0) return { status: "found", addresses };
  const failed = answers.find((answer) => answer.status === "failed");
  if (failed !== undefined) return { status: "failed", reason: failed.reason };
  return { status: "none" };
}

function recordsOf(answer: DnsAnswer<string>): readonly string[] {
  return answer.status === "found" ? answer.records : [];
}

function takeTurns(columns: readonly (readonly string[])[]): string[] {
  const longest = Math.max(0, ...columns.map((column) => column.length));
  const taken: string[] = [];
  for (let row = 0; row < longest; row++) {
    for (const column of columns) if (row < column.length) taken.push(column[row]);
  }
  return taken;
}
