/**
 * What the sender asks of the transfer itself, and how much of it is granted: priority (RFC 6710),
 * a time of delivery (RFC 2852) against a time of release (RFC 4865).
 */

import type { MailParams } from "../../smtp/handler.ts";
import { reply, type Reply } from "../../smtp/reply.ts";

export type GrantedWishes = {
  readonly params: MailParams;
  /** Accepts in words of its own, where less is granted than was asked for. */
  readonly reply: Reply | undefined;
};

const BY_BEFORE_HOLD: Reply = reply(501, "5.5.4", "BY ends before the message is to be released");

/** RFC 6710 §3.6: the number comes first, for programs. */
const LOWERED: Reply = reply(250, "2.3.6", "0 is the new priority assigned to the message");

/** Resolves to a refusal, or to what is granted. `mayHurry`: may ask for more than ordinary mail gets. */
export function grantWishes(
  params: MailParams,
  { mayHurry, nowMs }: { readonly mayHurry: boolean; readonly nowMs: number },
): GrantedWishes | { readonly refusal: Reply } {
  const { deliverBy, holdUntilMs, priority } = params;
  if (deliverBy?.mode === "return" && holdUntilMs !== undefined) {
    if (nowMs + deliverBy.seconds * 1000 <= holdUntilMs) return { refusal: BY_BEFORE_HOLD };
  }
  // A stranger could put all mail before everybody else's (RFC 6710 §9).
  if ((priority ?? 0) > 0 && !mayHurry)
    return { params: { ...params, priority: 0 }, reply: LOWERED };
  return { params, reply: undefined };
}
