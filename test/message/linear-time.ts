/** For tests: what work costs, and that it grows no faster than its input, measured so that a busy machine does not matter. */

import assert from "node:assert/strict";

/** Processor time in ms, the best of three runs: other processes, the collector and compilers only ever add to it. */
export function costMs(work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

/** Below this, clocks and compilers say more than the work does. */
const FLOOR_MS = 5;
const ATTEMPTS = 6;

/**
 * 10 times the octets may take at most 40 times as long. Quadratic work takes 100 times as long every
 * time it is tried; caches that no longer hold all, and a collector at the wrong moment, do not.
 */
export function checkLinear(
  name: string,
  make: (count: number) => () => void,
  count: number,
): void {
  make(count)();
  let said = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const small = Math.max(costMs(make(count)), FLOOR_MS);
    const large = costMs(make(count * 10));
    if (large <= small * 40) return;
    said = `${name}: ${small.toFixed(2)} ms, then ${large.toFixed(2)} ms`;
  }
  assert.fail(said);
}
