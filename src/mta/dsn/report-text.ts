/** The part of a report that a person reads: what happened, to whom, and what to do. */

import { formatDate } from "../../message/date.ts";
import type { TemplateKind } from "./default-templates.ts";
import type { ReportedMessage, ReportedRecipient, ReportKind } from "./reported.ts";
import { renderTemplate, type RecipientNames } from "./report-template.ts";
import type { ReportTemplates } from "./report-templates.ts";

export type ReportedFacts = {
  readonly kind: ReportKind;
  readonly message: Pick<ReportedMessage, "queueId" | "reversePath" | "arrivedAtMs">;
  readonly recipients: readonly ReportedRecipient[];
  readonly hostname: string;
  /** Of the reader: texts may be in its language. */
  readonly domain: string;
};

export function reportText(
  { kind, message, recipients, hostname, domain }: ReportedFacts,
  templates: ReportTemplates,
): { readonly subject: string; readonly text: string } {
  const template = templates.template(templateKind(kind, recipients), domain);
  if (template === undefined) return { subject: kind, text: "" };
  const names = {
    hostname,
    date: formatDate(message.arrivedAtMs),
    sender: message.reversePath,
    queueId: message.queueId,
  };
  const each = recipients.map((recipient) => namesOf(recipient, templates, domain));
  return renderTemplate(template, names, each);
}

/** A notice of success says which one it is, where all its recipients have had the same. */
function templateKind(kind: ReportKind, recipients: readonly ReportedRecipient[]): TemplateKind {
  if (kind !== "success") return kind;
  const isAll = (action: ReportedRecipient["action"]): boolean =>
    recipients.every((each) => each.action === action);
  if (isAll("relayed")) return "relayed";
  return isAll("expanded") ? "expanded" : "success";
}

function namesOf(
  reported: ReportedRecipient,
  templates: ReportTemplates,
  domain: string,
): RecipientNames {
  const { recipient, action, status, problem, willRetryUntilMs } = reported;
  const isBad = action === "failed" || action === "delayed";
  return {
    recipient,
    original: originalOf(reported),
    problem: oneLine(problem),
    status,
    hint: (isBad ? templates.hint(status, domain) : undefined) ?? "",
    until: willRetryUntilMs === undefined ? "" : formatDate(willRetryUntilMs),
  };
}

/** What the sender wrote, where it is another address. */
function originalOf({ recipient, originalRecipient }: ReportedRecipient): string {
  const original = originalRecipient?.replace(/^[^;]*;\s*/, "") ?? "";
  return original === recipient ? "" : original;
}

/** A remote host's words add no lines of their own. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
