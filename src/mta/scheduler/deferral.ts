/**
 * What kind of "not now" an outcome is, and what that means for the next attempt: a greylist wants us
 * back soon, a full mailbox is not emptied in five minutes, and who says that we send too much wants
 * less of us.
 */

import type { RecipientOutcome } from "../agents/outcome.ts";

export type Deferral = "unreachable" | "greylisted" | "mailbox-full" | "throttled" | "other";

export function deferralOf(
  outcome: Pick<RecipientOutcome, "isUnreachable" | "status" | "diagnostic">,
): Deferral {
  if (outcome.isUnreachable === true) return "unreachable";
  const said = outcome.diagnostic;
  if (said === undefined) return "other";
  if (/gr[ea]y-?list/i.test(said)) return "greylisted";
  // RFC 3463: X.2.2, mailbox full. 452 to RCPT is said of it too, without an enhanced status.
  if (outcome.status === "4.2.2" || /quota|mailbox (?:is )?full|full mailbox/i.test(said)) {
    return "mailbox-full";
  }
  if (/^421\b/.test(said) || /^4\.7\.28$/.test(outcome.status) || TOO_MUCH.test(said)) {
    return "throttled";
  }
  // Hosts that greylist rarely say the word: 450 or 451 with 4.7.1, or 4.2.0, at the first attempt.
  if (/^45[01]\b/.test(said) && /^4\.(?:7\.[01]|2\.0)$/.test(outcome.status)) return "greylisted";
  return "other";
}

const TOO_MUCH =
  /too many (?:connections|messages|concurrent|recipients)|rate limit|throttl|too fast/i;

/** The wait by the schedule, made to fit. `attempts`: those made so far, this one with them. */
export function fittedDelayMs(
  plainMs: number,
  deferral: Deferral,
  attempts: number,
  config: { readonly firstMs: number; readonly maxMs: number },
): number {
  switch (deferral) {
    case "greylisted":
      // Most let us in after one to five minutes; who still says no after that is served by the schedule.
      return attempts <= 2 ? plainMs / 3 : plainMs;
    case "mailbox-full":
      return Math.min(config.maxMs, plainMs * 4);
    case "throttled":
      return Math.min(config.maxMs, plainMs * 2);
    case "unreachable":
    case "other":
      return plainMs;
  }
}
