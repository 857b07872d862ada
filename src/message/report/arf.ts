/** Abuse reports (RFC 5965 ARF): "this is spam", between providers and to list owners. */

import type { Address } from "../addr-spec.ts";
import { cleanText, type NamedAddress } from "../address-format.ts";
import { compose } from "../compose.ts";
import { formatDate, parseDate } from "../date.ts";
import type { EntityDraft } from "../entity.ts";
import type { ParsedMessage } from "../part.ts";
import { findReport, reportEntity, type ReturnedContent } from "./report-entity.ts";
import { asciiOnly, fieldGroup, firstValue, groupsOctets } from "./report-fields.ts";

export type FeedbackReport = {
  /** RFC 5965 §7.3 registry: `abuse`, `fraud`, `virus`, `not-spam`, `other`, `auth-failure`… */
  readonly feedbackType: string;
  readonly userAgent: string;
  readonly originalEnvelopeId?: string | undefined;
  readonly originalMailFrom?: string | undefined;
  readonly originalRcptTo?: readonly string[] | undefined;
  readonly arrivalMs?: number | undefined;
  readonly reportingMta?: string | undefined;
  readonly sourceIp?: string | undefined;
  readonly incidents?: number | undefined;
  readonly authenticationResults?: readonly string[] | undefined;
  readonly reportedDomains?: readonly string[] | undefined;
  readonly reportedUris?: readonly string[] | undefined;
};

export type ArfMessage = FeedbackReport & {
  readonly from: NamedAddress;
  readonly to: Address;
  readonly subject: string;
  readonly dateMs: number;
  readonly zoneMinutes?: number | undefined;
  readonly messageId: string;
  readonly text: string;
  readonly returned: ReturnedContent;
};

export function composeArf(report: ArfMessage): Uint8Array {
  const many = (name: string, values: readonly string[] | undefined): [string, string][] =>
    (values ?? []).map((value) => [name, asciiOnly(value)]);
  const one = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : asciiOnly(value);
  const octets = groupsOctets([
    fieldGroup([
      ["Feedback-Type", asciiOnly(report.feedbackType)],
      ["User-Agent", asciiOnly(report.userAgent)],
      ["Version", "1"],
      ["Original-Envelope-Id", one(report.originalEnvelopeId)],
      ["Original-Mail-From", one(report.originalMailFrom)],
      ...many("Original-Rcpt-To", report.originalRcptTo),
      ["Arrival-Date", report.arrivalMs === undefined ? undefined : formatDate(report.arrivalMs)],
      [
        "Reporting-MTA",
        report.reportingMta === undefined ? undefined : `dns; ${asciiOnly(report.reportingMta)}`,
      ],
      ["Source-IP", one(report.sourceIp)],
      ["Incidents", report.incidents === undefined ? undefined : String(report.incidents)],
      ...many("Authentication-Results", report.authenticationResults),
      ...many("Reported-Domain", report.reportedDomains),
      ...many("Reported-URI", report.reportedUris),
    ]),
  ]);
  const machine: EntityDraft = {
    kind: "encoded",
    mediaType: "message/feedback-report",
    encoding: "7bit",
    octets,
  };
  return compose({
    from: [report.from],
    to: [{ address: report.to }],
    subject: cleanText(report.subject),
    dateMs: report.dateMs,
    zoneMinutes: report.zoneMinutes,
    messageId: report.messageId,
    fields: [{ name: "Auto-Submitted", text: "auto-generated" }],
    body: reportEntity("feedback-report", report.text, machine, report.returned),
  });
}

export type ParsedArf = FeedbackReport & {
  readonly text: string;
  readonly returnedHeader: Uint8Array | undefined;
  readonly returned: Uint8Array | undefined;
};

export function parseArf(parsed: ParsedMessage): ParsedArf | undefined {
  const report = findReport(parsed, ["message/feedback-report"]);
  if (report === undefined) return undefined;
  const [group] = report.groups;
  const one = (key: string): string | undefined => firstValue(group, key);
  const many = (key: string): readonly string[] => group?.get(key) ?? [];
  const arrival = one("arrival-date") ?? one("received-date");
  const incidents = Number(one("incidents") ?? "1");
  return {
    feedbackType: (one("feedback-type") ?? "other").toLowerCase(),
    userAgent: one("user-agent") ?? "",
    originalEnvelopeId: one("original-envelope-id"),
    originalMailFrom: one("original-mail-from"),
    originalRcptTo: many("original-rcpt-to"),
    arrivalMs: arrival === undefined ? undefined : parseDate(arrival)?.epochMs,
    reportingMta: one("reporting-mta")?.replace(/^[^;]*;\s*/, ""),
    sourceIp: one("source-ip"),
    incidents: Number.isSafeInteger(incidents) && incidents >= 0 ? incidents : 1,
    authenticationResults: many("authentication-results"),
    reportedDomains: many("reported-domain"),
    reportedUris: many("reported-uri"),
    text: report.text,
    returnedHeader: report.returnedHeader,
    returned: report.returned,
  };
}
