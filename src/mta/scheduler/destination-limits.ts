/** What the operator allows for a destination: the rule with the most exact pattern wins. */

import type { QueueLimits } from "../config.ts";
import type { SiteLimits } from "./site-gauge.ts";

export function limitsFor(
  destination: string,
  config: Pick<QueueLimits, "concurrencyPerDestination" | "firstConcurrency" | "limits">,
): SiteLimits {
  const { concurrencyPerDestination, firstConcurrency, limits } = config;
  const rule = limits.length === 0 ? undefined : findRule(destination, limits);
  return {
    most: rule?.concurrency ?? concurrencyPerDestination,
    first: firstConcurrency,
    messagesPerMinute: rule?.messagesPerMinute,
  };
}

/** `a.b.c` itself, then `.b.c`, `.c`, then `*`. */
function findRule(
  destination: string,
  limits: QueueLimits["limits"],
): QueueLimits["limits"][number] | undefined {
  const labels = destination.split(".");
  const parents = labels.slice(1).map((_, index) => `.${labels.slice(index + 1).join(".")}`);
  for (const name of [destination, ...parents, "*"]) {
    const rule = limits.find(({ domain }) => domain.toLowerCase() === name);
    if (rule !== undefined) return rule;
  }
  return undefined;
}
