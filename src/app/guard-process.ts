/**
 * The last net: a throw that no session caught is logged and ends nothing else (Invariant 9). Only
 * when they come in a storm is the process not to be trusted any more, and ends.
 */

import type { ProcessLog } from "./process-log.ts";

const STORM_COUNT = 50;
const STORM_MS = 10_000;
/** sysexits.h EX_SOFTWARE */
const EXIT_SOFTWARE = 70;

export function guardProcess(log: ProcessLog): void {
  let recent: number[] = [];
  const onEscape = (kind: string) => (error: unknown) => {
    log.error(kind, error);
    const nowMs = performance.now();
    recent = [...recent.filter((atMs) => nowMs - atMs < STORM_MS), nowMs];
    if (recent.length < STORM_COUNT) return;
    log.error("app.error-storm", error, { errors: recent.length });
    log.flush();
    process.exit(EXIT_SOFTWARE);
  };
  process.on("uncaughtException", onEscape("app.uncaught-exception"));
  process.on("unhandledRejection", onEscape("app.unhandled-rejection"));
  // A reader of our log that goes away must not take the mail with it.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
}
