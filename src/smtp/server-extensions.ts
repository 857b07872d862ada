/**
 * What a server offers: its answer to EHLO or LHLO, read (RFC 5321 §4.1.1.1). Keywords are
 * compared without case; what we do not know is kept, so that a caller can look.
 */

import type { Reply } from "./reply.ts";

const MAX_EXTENSIONS = 100;

export class ServerExtensions {
  /** The name the server gave itself, the first word of its answer. */
  readonly serverName: string;
  /** Keyword in upper case to its parameters as sent. */
  readonly #offered: Map<string, string> = new Map();

  constructor(answer?: Reply) {
    const [greeting = "", ...lines] = answer?.lines ?? [];
    this.serverName = greeting.split(" ", 1)[0];
    for (const line of lines.slice(0, MAX_EXTENSIONS)) {
      const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =]+(.*))?$/.exec(line.trim());
      if (match === null) continue;
      const keyword = match[1].toUpperCase();
      const before = this.#offered.get(keyword);
      // Old servers say both "AUTH PLAIN" and "AUTH=PLAIN": one list of the two.
      const params = match[2] ?? "";
      this.#offered.set(keyword, before === undefined ? params : `${before} ${params}`);
    }
  }

  has(keyword: string): boolean {
    return this.#offered.has(keyword);
  }

  /** The parameters behind a keyword, "" for none, undefined for a keyword not offered. */
  params(keyword: string): string | undefined {
    return this.#offered.get(keyword);
  }

  get keywords(): readonly string[] {
    return [...this.#offered.keys()];
  }

  /** The largest message the server takes (RFC 1870 §3); undefined when it does not say. */
  get maxSizeOctets(): number | undefined {
    const size = this.#offered.get("SIZE");
    if (size === undefined || !/^\d{1,15}$/.test(size)) return undefined;
    return Number(size) === 0 ? undefined : Number(size);
  }

  /** SASL mechanisms, upper case, in the server's order (RFC 4954 §3). */
  get mechanisms(): readonly string[] {
    const names = (this.#offered.get("AUTH") ?? "").toUpperCase().split(/ +/);
    return [...new Set(names.filter((name) => name !== ""))];
  }

  /** The least time for BY in mode R (RFC 2852 §3); 0 when the server does not say. */
  get minDeliverBySeconds(): number {
    const least = this.#offered.get("DELIVERBY") ?? "";
    return /^\d{1,9}$/.test(least) ? Number(least) : 0;
  }

  /** A number from LIMITS (RFC 9422): MAILMAX, RCPTMAX, RCPTDOMAINMAX. */
  limit(name: "MAILMAX" | "RCPTMAX" | "RCPTDOMAINMAX"): number | undefined {
    const limits = this.#offered.get("LIMITS")?.toUpperCase().split(" ") ?? [];
    const value = limits.find((limit) => limit.startsWith(`${name}=`))?.slice(name.length + 1);
    if (value === undefined || !/^\d{1,9}$/.test(value)) return undefined;
    return Number(value) === 0 ? undefined : Number(value);
  }
}
