/**
 * What a process's resident memory is made of, from /proc (Linux): glibc's heaps, files (the program
 * itself, mostly), and the rest, which in a Node process is V8's. One look at one process.
 */

import { readFileSync } from "node:fs";

export type MemorySplit = {
  readonly totalMb: number;
  readonly mallocMb: number;
  readonly filesMb: number;
  readonly v8Mb: number;
};

/** glibc begins the heap of an arena at a multiple of this, and keeps all of it mapped. */
const ARENA_OCTETS = 0x400_0000n;

export function memorySplit(pid: number): MemorySplit {
  const sums = { malloc: 0, files: 0, v8: 0 };
  let kind: keyof typeof sums = "v8";
  let arenaEnd = 0n;
  for (const line of readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
    const mapping = /^([0-9a-f]+)-[0-9a-f]+ \S+ \S+ \S+ \S+\s*(.*)$/.exec(line);
    if (mapping !== null) {
      const [, start, name] = mapping;
      const at = BigInt(`0x${start}`);
      if (name === "" && at % ARENA_OCTETS === 0n) arenaEnd = at + ARENA_OCTETS;
      kind = name === "[heap]" || (name === "" && at < arenaEnd) ? "malloc" : name ? "files" : "v8";
      continue;
    }
    const resident = /^Rss:\s+(\d+) kB/.exec(line)?.[1];
    if (resident !== undefined) sums[kind] += Number(resident) / 1024;
  }
  return {
    totalMb: Math.round(sums.malloc + sums.files + sums.v8),
    mallocMb: Math.round(sums.malloc),
    filesMb: Math.round(sums.files),
    v8Mb: Math.round(sums.v8),
  };
}
