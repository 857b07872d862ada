/** A resolver that gives up when the time for all its questions together is over: a check never hangs. */

import type { Clock } from "../../base/clock.ts";
import type { DnsAnswer, Resolver } from "../../base/resolver.ts";

export function withinBudget(resolver: Resolver, clock: Clock, budgetMs: number): Resolver {
  const untilMs = clock.monotonicMs() + budgetMs;
  const ask = async <T>(question: () => Promise<DnsAnswer<T>>): Promise<DnsAnswer<T>> => {
    const late = { status: "failed", reason: "no answer in the time for this check" } as const;
    const leftMs = untilMs - clock.monotonicMs();
    if (leftMs <= 0) return late;
    const answered = new AbortController();
    const deadline = clock.sleep(leftMs, answered.signal).then(() => late);
    const answer = await Promise.race([question(), deadline]);
    answered.abort();
    return answer;
  };
  return {
    mx: (name) => ask(() => resolver.mx(name)),
    a: (name) => ask(() => resolver.a(name)),
    aaaa: (name) => ask(() => resolver.aaaa(name)),
    txt: (name) => ask(() => resolver.txt(name)),
    ptr: (address) => ask(() => resolver.ptr(address)),
    tlsa: (name) => ask(() => resolver.tlsa(name)),
    caa: (name) => ask(() => resolver.caa(name)),
  };
}
