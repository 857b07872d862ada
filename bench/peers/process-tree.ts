/** CPU time and memory of a process with all its children, from /proc (Linux). */

import { readdirSync, readFileSync } from "node:fs";

const TICKS_A_SECOND = 100;

type Stat = { readonly pid: number; readonly parent: number; readonly ticks: readonly number[] };

/** User and system seconds of the tree so far, children that have ended and been waited for included. */
export function cpuSecondsOfTree(root: number): number {
  const ticks = treeOf(root).flatMap((stat) => stat.ticks);
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_A_SECOND;
}

/** Octets of memory; what processes share is counted once. */
export function memoryOfTree(root: number): number {
  return treeOf(root).reduce((sum, { pid }) => sum + proportionalOctets(pid), 0);
}

function treeOf(root: number): Stat[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)));
  const tree = all.filter(({ pid }) => pid === root);
  for (let index = 0; index < tree.length; index++) {
    tree.push(...all.filter(({ parent }) => parent === tree[index].pid));
  }
  return tree;
}

function statOf(pid: number): Stat[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return [{ pid, parent: Number(fields[1]), ticks: fields.slice(11, 15).map(Number) }];
  } catch {
    return []; // It ended between the listing and the reading.
  }
}

function proportionalOctets(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
