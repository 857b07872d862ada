/** The part of a report that a person reads: what happened, to whom, and what to do. */

import { formatDate } from "../../message/date.ts";
import type { ReportedRecipient, ReportKind } from "./reported.ts";
import { statusHint } from "./status-hint.ts";

const SUBJECTS: Readonly<Record<ReportKind, string>> = {
  failed: "Your mail could not be delivered",
  delayed: "Your mail is late",
  success: "Your mail has arrived",
};

export function reportSubject(kind: ReportKind): string {
  return SUBJECTS[kind];
}

export function reportText(
  kind: ReportKind,
  recipients: readonly ReportedRecipient[],
  hostname: string,
  arrivedAtMs: number,
): string {
  const what = `Your message of ${formatDate(arrivedAtMs)}`;
  const opening = {
    failed: `${what} could not be delivered to:`,
    delayed: `${what} has not been delivered yet to:`,
    success: `${what} has been passed on for:`,
  }[kind];
  const closing = {
    failed: "Nothing more will be tried. The message, or its header, is attached.",
    delayed: "We go on trying. You need not send the message again.",
    success: "You have asked for this notice.",
  }[kind];
  const lines = [`This is the mail system of ${hostname}.`, "", opening, ""];
  for (const recipient of recipients) lines.push(...recipientLines(recipient), "");
  return [...lines, closing, ""].join("\n");
}

function recipientLines(recipient: ReportedRecipient): string[] {
  const lines = [`  ${recipient.recipient}${wanted(recipient)}`, `    ${recipient.problem}`];
  const { action, status, willRetryUntilMs } = recipient;
  const hint = action === "failed" || action === "delayed" ? statusHint(status) : undefined;
  if (hint !== undefined) lines.push(`    ${hint}`);
  if (willRetryUntilMs !== undefined)
    lines.push(`    We try until ${formatDate(willRetryUntilMs)}.`);
  return lines;
}

function wanted({ recipient, originalRecipient }: ReportedRecipient): string {
  const original = originalRecipient?.replace(/^[^;]*;\s*/, "");
  return original === undefined || original === recipient ? "" : ` (you wrote to ${original})`;
}
