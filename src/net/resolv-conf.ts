/** Reads the operating system's resolver settings, resolv.conf(5). `search` is for people at prompts, not for mail: ignored. */

import { isIP } from "node:net";
import type { Endpoint } from "../base/channel.ts";
import { plainAddress } from "./address.ts";

export type ResolverSettings = {
  readonly servers: readonly Endpoint[];
  /** For one question to one server. */
  readonly timeoutMs: number;
  /** Rounds through the servers. */
  readonly attempts: number;
};

const DNS_PORT = 53;
/** resolv.conf(5): what holds when it names no server. */
const LOCAL_SERVER: Endpoint = { address: "127.0.0.1", port: DNS_PORT };

/** Unknown lines are passed over, as every reader of this file does. */
export function parseResolvConf(text: string): ResolverSettings {
  const servers: Endpoint[] = [];
  let timeoutMs = 5_000;
  let attempts = 2;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && isIP(values[0]?.replace(/%.*$/, "") ?? "") !== 0) {
      servers.push({ address: plainAddress(values[0]), port: DNS_PORT });
    }
    if (keyword !== "options") continue;
    for (const option of values) {
      const [name, value] = option.split(":");
      if (name === "timeout") timeoutMs = within(value, 1, 30, 5) * 1_000;
      if (name === "attempts") attempts = within(value, 1, 5, 2);
    }
  }
  return {
    servers: servers.length > 0 ? servers.slice(0, 8) : [LOCAL_SERVER],
    timeoutMs,
    attempts,
  };
}

function within(text: string | undefined, least: number, most: number, otherwise: number): number {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isNaN(value) ? otherwise : Math.min(most, Math.max(least, value));
}
