/** The header section of a message as a whole: what must be there, what may be there once, what belongs together. */

import { mailboxesOf, parseAddressList } from "../address-list.ts";
import { fieldText, findField, findFields, type HeaderSection } from "../header.ts";
import { checkField } from "./check-field.ts";
import { displayName, FIELD_TABLE } from "./field-table.ts";
import type { FindingList } from "./finding.ts";

export function checkMessageHeader(
  octets: Uint8Array,
  header: HeaderSection,
  findings: FindingList,
): void {
  for (const [key, rule] of FIELD_TABLE) {
    const fields = findFields(header, key);
    if (fields.length < rule.min) {
      findings.add(
        "field-missing",
        "error",
        header.start,
        rule.rfc,
        `there is no ${displayName(key)} field; every message needs one`,
      );
    }
  }
  checkOccurrences(header, findings);
  checkEachField(octets, header, findings);
  checkSender(octets, header, findings);
  checkMimeVersion(header, findings);
  checkResent(header, findings);
  if (findField(header, "message-id") === undefined) {
    findings.add(
      "message-id-missing",
      "note",
      header.start,
      "RFC 5322 §3.6.4",
      "there is no Message-ID field; every message should have one, or replies cannot refer to it",
    );
  }
  const hasPost = findField(header, "list-unsubscribe-post");
  if (hasPost !== undefined && findField(header, "list-unsubscribe") === undefined) {
    findings.add(
      "list-unsubscribe-missing",
      "error",
      hasPost.start,
      "RFC 8058 §3.1",
      "List-Unsubscribe-Post says nothing without a List-Unsubscribe field",
    );
  }
}

/** Fields of the table that occur more often than they may; also used for the headers of parts. */
export function checkOccurrences(header: HeaderSection, findings: FindingList): void {
  const counts = new Map<string, number>();
  for (const field of header.fields) {
    const rule = FIELD_TABLE.get(field.key);
    if (rule === undefined || rule.max === "any") continue;
    const count = (counts.get(field.key) ?? 0) + 1;
    counts.set(field.key, count);
    if (count === 2) {
      findings.add(
        "field-repeated",
        "error",
        field.start,
        rule.rfc,
        `a second ${displayName(field.key)} field; there may be one only, and readers disagree which one counts`,
      );
    }
  }
}

export function checkEachField(
  octets: Uint8Array,
  header: HeaderSection,
  findings: FindingList,
): void {
  for (const field of header.fields) {
    const rule = FIELD_TABLE.get(field.key);
    if (rule === undefined) continue;
    checkField(
      { name: field.name, text: fieldText(octets, field), at: field.start, rule },
      findings,
    );
  }
}

function checkSender(octets: Uint8Array, header: HeaderSection, findings: FindingList): void {
  const from = findField(header, "from");
  if (from === undefined || findField(header, "sender") !== undefined) return;
  if (mailboxesOf(parseAddressList(fieldText(octets, from))).length > 1) {
    findings.add(
      "sender-missing",
      "error",
      from.start,
      "RFC 5322 §3.6.2",
      "From names several people, so a Sender field must say which one sent the message",
    );
  }
}

function checkMimeVersion(header: HeaderSection, findings: FindingList): void {
  const content = header.fields.find((field) =>
    /^content-(type|transfer-encoding|disposition)$/.test(field.key),
  );
  if (content !== undefined && findField(header, "mime-version") === undefined) {
    findings.add(
      "mime-version-missing",
      "error",
      content.start,
      "RFC 2045 §4",
      `${content.name} needs a MIME-Version: 1.0 field beside it`,
    );
  }
}

/** RFC 5322 §3.6.6: each block of Resent- fields has its own Resent-Date and Resent-From. */
function checkResent(header: HeaderSection, findings: FindingList): void {
  const first = header.fields.find((field) => field.key.startsWith("resent-"));
  if (first === undefined) return;
  for (const key of ["resent-date", "resent-from"]) {
    if (findField(header, key) === undefined) {
      findings.add(
        "resent-incomplete",
        "error",
        first.start,
        "RFC 5322 §3.6.6",
        `Resent- fields need a ${displayName(key)} among them`,
      );
    }
  }
}
