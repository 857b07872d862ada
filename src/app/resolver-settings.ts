/** Which name servers to ask: those configured, or the operating system's. */

import { readFileSync } from "node:fs";
import { parseResolvConf } from "../net/resolv-conf.ts";
import type { ResolverSettings } from "../net/resolv-conf.ts";
import type { DnsSettings } from "./config/settings-shape.ts";

const SYSTEM_FILE = "/etc/resolv.conf";

export function resolverSettings(dns: DnsSettings): ResolverSettings {
  if (dns.servers.length === 0) return parseResolvConf(readIfThere(SYSTEM_FILE));
  return {
    servers: dns.servers.map(({ host, port }) => ({ address: host, port })),
    timeoutMs: dns.timeout,
    attempts: dns.attempts,
  };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
