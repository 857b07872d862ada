/**
 * Delivery status notifications (RFC 3464), with their global variants (RFC 6533): composed for the
 * queue, parsed for lists and mail programs. When and to whom one is sent is not decided here.
 */

import { type Address, formatAddress } from "../addr-spec.ts";
import type { NamedAddress } from "../address-format.ts";
import { compose } from "../compose.ts";
import { formatDate, parseDate } from "../date.ts";
import type { EntityDraft } from "../entity.ts";
import { parseMessageIds } from "../message-id.ts";
import type { ParsedMessage } from "../part.ts";
import { findReport, reportEntity, type ReturnedContent } from "./report-entity.ts";
import {
  asciiOnly,
  fieldGroup,
  type FieldGroup,
  firstValue,
  formatTypedAddress,
  groupsOctets,
  parseTyped,
} from "./report-fields.ts";

/** RFC 3464 §2.3.3 */
export type DsnAction = "failed" | "delayed" | "delivered" | "relayed" | "expanded";

export type DsnRecipient = {
  readonly finalRecipient: Address;
  /** As ORCPT gave it, decoded: `rfc822;user@example.org`. */
  readonly originalRecipient?: string | undefined;
  readonly action: DsnAction;
  /** RFC 3463: `5.1.1` */
  readonly status: string;
  /** The host that said so. */
  readonly remoteMta?: string | undefined;
  /** Its reply, `550 5.1.1 unknown user`, or what a program of this host said. */
  readonly diagnostic?: string | undefined;
  /** Whose words these are (RFC 3464 §2.3.6); default `smtp`. */
  readonly diagnosticType?: "smtp" | "x-unix" | undefined;
  readonly lastAttemptMs?: number | undefined;
  readonly willRetryUntilMs?: number | undefined;
  readonly finalLogId?: string | undefined;
};

export type DsnReport = {
  readonly from: NamedAddress;
  readonly to: Address;
  readonly subject: string;
  readonly dateMs: number;
  readonly zoneMinutes?: number | undefined;
  readonly messageId: string;
  /** Message-ID of what was not delivered, so that programs can show both together. */
  readonly originalMessageId?: string | undefined;
  /** What a person reads. */
  readonly text: string;
  readonly reportingMta: string;
  readonly envelopeId?: string | undefined;
  readonly receivedFromMta?: string | undefined;
  readonly arrivalMs?: number | undefined;
  readonly recipients: readonly DsnRecipient[];
  readonly returned?: ReturnedContent | undefined;
  /** The report may travel under SMTPUTF8: write addresses in their own characters. */
  readonly isGlobal?: boolean | undefined;
};

export function composeDsn(report: DsnReport): Uint8Array {
  const isGlobal = report.isGlobal ?? false;
  const groups = [
    fieldGroup([
      [
        "Original-Envelope-Id",
        report.envelopeId === undefined ? undefined : asciiOnly(report.envelopeId),
      ],
      ["Reporting-MTA", `dns; ${asciiOnly(report.reportingMta)}`],
      [
        "Received-From-MTA",
        report.receivedFromMta === undefined
          ? undefined
          : `dns; ${asciiOnly(report.receivedFromMta)}`,
      ],
      ["Arrival-Date", dateText(report.arrivalMs)],
    ]),
    ...report.recipients.map((recipient) => recipientGroup(recipient, isGlobal)),
  ];
  const octets = groupsOctets(groups);
  const machine: EntityDraft = isGlobal
    ? { kind: "encoded", mediaType: "message/global-delivery-status", encoding: "8bit", octets }
    : { kind: "encoded", mediaType: "message/delivery-status", encoding: "7bit", octets };
  // A stranger chose it: only what is an identifier is written.
  const ids = parseMessageIds(report.originalMessageId ?? "").slice(0, 1);
  return compose({
    from: [report.from],
    to: [{ address: report.to }],
    subject: report.subject,
    dateMs: report.dateMs,
    zoneMinutes: report.zoneMinutes,
    messageId: report.messageId,
    inReplyTo: ids,
    references: ids,
    // RFC 3834 §5: nobody's auto-responder answers this.
    fields: [{ name: "Auto-Submitted", text: "auto-replied" }],
    body: reportEntity("delivery-status", report.text, machine, report.returned),
  });
}

function recipientGroup(recipient: DsnRecipient, isGlobal: boolean): string {
  const { originalRecipient, remoteMta, diagnostic, finalLogId } = recipient;
  const { diagnosticType = "smtp" } = recipient;
  return fieldGroup([
    ["Original-Recipient", originalRecipient && formatOriginal(originalRecipient, isGlobal)],
    ["Final-Recipient", formatTypedAddress(formatAddress(recipient.finalRecipient), isGlobal)],
    ["Action", recipient.action],
    ["Status", asciiOnly(recipient.status)],
    ["Remote-MTA", remoteMta === undefined ? undefined : `dns; ${asciiOnly(remoteMta)}`],
    [
      "Diagnostic-Code",
      diagnostic === undefined ? undefined : `${diagnosticType}; ${asciiOnly(diagnostic)}`,
    ],
    ["Last-Attempt-Date", dateText(recipient.lastAttemptMs)],
    ["Final-Log-ID", finalLogId === undefined ? undefined : asciiOnly(finalLogId)],
    ["Will-Retry-Until", dateText(recipient.willRetryUntilMs)],
  ]);
}

function dateText(epochMs: number | undefined): string | undefined {
  return epochMs === undefined ? undefined : formatDate(epochMs);
}

function formatOriginal(typed: string, isGlobal: boolean): string {
  const semicolon = typed.indexOf(";");
  const type = semicolon === -1 ? "rfc822" : typed.slice(0, semicolon).trim().toLowerCase();
  const value = typed.slice(semicolon + 1).trim();
  if (type === "rfc822" || type === "utf-8") return formatTypedAddress(value, isGlobal);
  return `${asciiOnly(type)}; ${asciiOnly(value)}`;
}

export type ParsedDsnRecipient = {
  /** The address alone, as written; "" if the report does not say. */
  readonly finalRecipient: string;
  readonly originalRecipient: string | undefined;
  readonly action: DsnAction;
  /** `5.1.1`; `5.0.0` and the like when the report has none. */
  readonly status: string;
  readonly remoteMta: string | undefined;
  readonly diagnostic: string | undefined;
  readonly lastAttemptMs: number | undefined;
  readonly willRetryUntilMs: number | undefined;
};

export type ParsedDsn = {
  readonly reportingMta: string | undefined;
  readonly envelopeId: string | undefined;
  readonly arrivalMs: number | undefined;
  readonly recipients: readonly ParsedDsnRecipient[];
  readonly text: string;
  readonly returnedHeader: Uint8Array | undefined;
  readonly returned: Uint8Array | undefined;
};

const ACTIONS: readonly string[] = ["failed", "delayed", "delivered", "relayed", "expanded"];

/** The notification in a message, or undefined if it holds none. */
export function parseDsn(parsed: ParsedMessage): ParsedDsn | undefined {
  const report = findReport(parsed, ["message/delivery-status", "message/global-delivery-status"]);
  if (report === undefined) return undefined;
  // Some reports put everything in one group: then it is both.
  const isRecipient = (group: FieldGroup): boolean =>
    group.has("final-recipient") || group.has("action") || group.has("original-recipient");
  const [first] = report.groups;
  return {
    reportingMta: parseTyped(firstValue(first, "reporting-mta"))?.value,
    envelopeId: firstValue(first, "original-envelope-id"),
    arrivalMs: dateOf(firstValue(first, "arrival-date")),
    recipients: report.groups.filter(isRecipient).map(readRecipient),
    text: report.text,
    returnedHeader: report.returnedHeader,
    returned: report.returned,
  };
}

function readRecipient(group: FieldGroup): ParsedDsnRecipient {
  const statusText = firstValue(group, "status") ?? "";
  const status = /\b([245]\.\d{1,3}\.\d{1,3})\b/.exec(statusText)?.[1];
  const actionText = (firstValue(group, "action") ?? "").toLowerCase().replace(/[^a-z].*$/, "");
  const action = ACTIONS.includes(actionText) ? (actionText as DsnAction) : actionOfStatus(status);
  const diagnostic = parseTyped(firstValue(group, "diagnostic-code"));
  return {
    finalRecipient: unbracket(parseTyped(firstValue(group, "final-recipient"))?.value ?? ""),
    originalRecipient: unbracket(parseTyped(firstValue(group, "original-recipient"))?.value),
    action,
    status: status ?? defaultStatus(action),
    remoteMta: parseTyped(firstValue(group, "remote-mta"))?.value,
    diagnostic: diagnostic?.value,
    lastAttemptMs: dateOf(firstValue(group, "last-attempt-date")),
    willRetryUntilMs: dateOf(firstValue(group, "will-retry-until")),
  };
}

function actionOfStatus(status: string | undefined): DsnAction {
  if (status?.startsWith("2")) return "delivered";
  return status?.startsWith("4") ? "delayed" : "failed";
}

function defaultStatus(action: DsnAction): string {
  if (action === "failed") return "5.0.0";
  return action === "delayed" ? "4.0.0" : "2.0.0";
}

/** `<user@host>` where the field has an address in angle brackets, which it should not. */
function unbracket<T extends string | undefined>(text: T): T | string {
  return text === undefined ? text : text.replace(/^<(.*)>$/, "$1");
}

function dateOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDate(text)?.epochMs;
}
