/**
 * Hooks for the store's writer: kills the process at a named point of its nth commit. Loaded by the
 * writer thread under a URL that says where: `kill-at.ts?point=octets-synced&commit=7`.
 */

import type { CommitPoint } from "../../src/store/sqlite/commit-point.ts";

const parameters = new URL(import.meta.url).searchParams;
const wanted = parameters.get("point");
const nth = Number(parameters.get("commit"));
let commits = 0;

export function at(point: CommitPoint): void {
  if (point === "before-append") commits++;
  if (point === wanted && commits >= nth) process.kill(process.pid, "SIGKILL");
}
