/** Message disposition notifications (RFC 8098): "your message was displayed", asked for and answered by mail programs. */

import { type Address, formatAddress } from "../addr-spec.ts";
import type { NamedAddress } from "../address-format.ts";
import { compose } from "../compose.ts";
import type { EntityDraft } from "../entity.ts";
import { parseMessageIds } from "../message-id.ts";
import type { ParsedMessage } from "../part.ts";
import { findReport, reportEntity, type ReturnedContent } from "./report-entity.ts";
import {
  asciiOnly,
  fieldGroup,
  firstValue,
  formatTypedAddress,
  groupsOctets,
  parseTyped,
} from "./report-fields.ts";

/** RFC 8098 §3.2.6 */
export type MdnDisposition = {
  readonly actionMode: "manual-action" | "automatic-action";
  readonly sendingMode: "mdn-sent-manually" | "mdn-sent-automatically";
  readonly type: "displayed" | "deleted" | "dispatched" | "processed";
  readonly modifiers: readonly string[];
};

export type MdnReport = {
  readonly from: NamedAddress;
  readonly to: Address;
  readonly subject: string;
  readonly dateMs: number;
  readonly zoneMinutes?: number | undefined;
  readonly messageId: string;
  readonly text: string;
  readonly reportingUa?: string | undefined;
  readonly originalRecipient?: string | undefined;
  readonly finalRecipient: Address;
  readonly originalMessageId?: string | undefined;
  readonly disposition: MdnDisposition;
  readonly returned?: ReturnedContent | undefined;
  readonly isGlobal?: boolean | undefined;
};

export function composeMdn(report: MdnReport): Uint8Array {
  const isGlobal = report.isGlobal ?? false;
  const { reportingUa, originalRecipient } = report;
  // A stranger chose it: only what is an identifier is written.
  const ids = parseMessageIds(report.originalMessageId ?? "").slice(0, 1);
  const octets = groupsOctets([
    fieldGroup([
      ["Reporting-UA", reportingUa === undefined ? undefined : asciiOnly(reportingUa)],
      [
        "Original-Recipient",
        originalRecipient === undefined
          ? undefined
          : formatTypedAddress(originalRecipient, isGlobal),
      ],
      ["Final-Recipient", formatTypedAddress(formatAddress(report.finalRecipient), isGlobal)],
      ["Original-Message-ID", ids[0]],
      ["Disposition", formatDisposition(report.disposition)],
    ]),
  ]);
  const machine: EntityDraft = isGlobal
    ? {
        kind: "encoded",
        mediaType: "message/global-disposition-notification",
        encoding: "8bit",
        octets,
      }
    : { kind: "encoded", mediaType: "message/disposition-notification", encoding: "7bit", octets };
  return compose({
    from: [report.from],
    to: [{ address: report.to }],
    subject: report.subject,
    dateMs: report.dateMs,
    zoneMinutes: report.zoneMinutes,
    messageId: report.messageId,
    inReplyTo: ids,
    references: ids,
    fields: [{ name: "Auto-Submitted", text: "auto-replied" }],
    body: reportEntity("disposition-notification", report.text, machine, report.returned),
  });
}

function formatDisposition(disposition: MdnDisposition): string {
  const modifiers = disposition.modifiers.map(asciiOnly).join(",");
  const type = modifiers === "" ? disposition.type : `${disposition.type}/${modifiers}`;
  return `${disposition.actionMode}/${disposition.sendingMode}; ${type}`;
}

export type ParsedMdn = {
  readonly reportingUa: string | undefined;
  readonly originalRecipient: string | undefined;
  readonly finalRecipient: string;
  readonly originalMessageId: string | undefined;
  /** Undefined when the field is missing or says nothing RFC 8098 knows. */
  readonly disposition: MdnDisposition | undefined;
  readonly error: string | undefined;
  readonly text: string;
  readonly returnedHeader: Uint8Array | undefined;
};

export function parseMdn(parsed: ParsedMessage): ParsedMdn | undefined {
  const report = findReport(parsed, [
    "message/disposition-notification",
    "message/global-disposition-notification",
  ]);
  if (report === undefined) return undefined;
  const [group] = report.groups;
  return {
    reportingUa: firstValue(group, "reporting-ua"),
    originalRecipient: parseTyped(firstValue(group, "original-recipient"))?.value,
    finalRecipient: parseTyped(firstValue(group, "final-recipient"))?.value ?? "",
    originalMessageId: firstValue(group, "original-message-id"),
    disposition: parseDisposition(firstValue(group, "disposition") ?? ""),
    error: firstValue(group, "error"),
    text: report.text,
    returnedHeader: report.returnedHeader,
  };
}

const DISPOSITION =
  /^(manual|automatic)-action\s*\/\s*mdn-sent-(manually|automatically)\s*;\s*(displayed|deleted|dispatched|processed)\s*(?:\/\s*(.*))?$/i;

function parseDisposition(text: string): MdnDisposition | undefined {
  const match = DISPOSITION.exec(text.trim());
  if (match === null) return undefined;
  return {
    actionMode: match[1].toLowerCase() === "manual" ? "manual-action" : "automatic-action",
    sendingMode:
      match[2].toLowerCase() === "manually" ? "mdn-sent-manually" : "mdn-sent-automatically",
    type: match[3].toLowerCase() as MdnDisposition["type"],
    modifiers: (match[4] ?? "")
      .split(",")
      .map((modifier) => modifier.trim().toLowerCase())
      .filter((modifier) => modifier !== ""),
  };
}
