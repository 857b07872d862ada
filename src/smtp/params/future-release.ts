/** HOLDFOR=seconds and HOLDUNTIL=date-time (RFC 4865 §4): not before then. One of the two. */

import type { MailParams } from "../handler.ts";
import type { MailDraft, ParameterContext, ParameterRule } from "./rule.ts";

function hold(untilMs: number, draft: MailDraft, context: ParameterContext): string | undefined {
  if (draft.holdUntilMs !== undefined) return "HOLDFOR and HOLDUNTIL exclude each other";
  if (untilMs > context.nowMs() + context.maxHoldSeconds * 1000) return "that is too far ahead";
  draft.holdUntilMs = untilMs;
  return undefined;
}

export const holdForParameter: ParameterRule<MailParams> = {
  keyword: "HOLDFOR",
  extension: "FUTURERELEASE",
  value: "required",
  read(value, draft, context) {
    if (!/^[1-9]\d{0,8}$/.test(value)) return "HOLDFOR is a number of seconds";
    return hold(context.nowMs() + Number(value) * 1000, draft, context);
  },
};

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

export const holdUntilParameter: ParameterRule<MailParams> = {
  keyword: "HOLDUNTIL",
  extension: "FUTURERELEASE",
  value: "required",
  read(value, draft, context) {
    const untilMs = DATE_TIME.test(value) ? Date.parse(value.toUpperCase()) : Number.NaN;
    if (Number.isNaN(untilMs)) return "HOLDUNTIL is a date and time as RFC 3339 writes it";
    return hold(untilMs, draft, context);
  },
};
