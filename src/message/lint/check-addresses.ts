/** Address fields (RFC 5322 §3.4): every member an address one could write to, no obsolete forms. */

import { formatLocalPart, parseAddress } from "../addr-spec.ts";
import { type RawMailbox, scanAddressList } from "../address-scan.ts";
import type { FieldSyntax } from "./field-table.ts";
import type { FindingList } from "./finding.ts";

const RFC = "RFC 5322 §3.4";

/** Returns how many mailboxes the field has, for the rule about Sender. */
export function checkAddresses(
  text: string,
  at: number,
  name: string,
  syntax: FieldSyntax,
  findings: FindingList,
): number {
  const { entries, faults } = scanAddressList(text);
  for (const fault of faults) {
    findings.add(
      "address-syntax",
      "error",
      at,
      RFC,
      `${name}: ${fault.problem} (character ${fault.at + 1})`,
    );
  }
  const mailboxes = entries.flatMap((entry) =>
    entry.kind === "mailbox" ? [entry] : entry.members,
  );
  for (const mailbox of mailboxes) checkMailbox(mailbox, at, name, findings);
  if (entries.length === 0 && syntax !== "optional-address-list") {
    findings.add("address-missing", "error", at, RFC, `${name} is there, but names nobody`);
  }
  // RFC 6854 §1 allows groups in From and Sender, for limited use.
  if (syntax === "mailbox" && mailboxes.length > 1) {
    findings.add(
      "address-many",
      "error",
      at,
      "RFC 5322 §3.6.2",
      `${name} may name one mailbox only`,
    );
  }
  if (/(^|,)[ \t]*(,|$)/.test(text) && entries.length > 0) {
    findings.add(
      "address-empty-member",
      "warning",
      at,
      "RFC 5322 §4.4",
      `${name} has a comma without an address beside it`,
    );
  }
  return mailboxes.length;
}

function checkMailbox(mailbox: RawMailbox, at: number, name: string, findings: FindingList): void {
  if (mailbox.route !== "") {
    findings.add(
      "address-route",
      "warning",
      at,
      "RFC 5322 §4.4",
      `${name} has a route before an address (${mailbox.route}): leave it out`,
    );
  }
  if (mailbox.domain === "") return; // said already
  const parsed = parseAddress(`${formatLocalPart(mailbox.localPart)}@${mailbox.domain}`);
  if (!parsed.ok || !mailbox.isPlainLocalPart) {
    const problem = parsed.ok ? "the local part needs quotes" : parsed.problem;
    const shown = `${mailbox.localPart}@${mailbox.domain}`.slice(0, 80);
    findings.add(
      "address-invalid",
      "error",
      at,
      "RFC 5321 §4.1.2",
      `${name} has "${shown}": ${problem}`,
    );
  }
  if (mailbox.localPart.includes("=?") || mailbox.domain.includes("=?")) {
    findings.add(
      "word-in-address",
      "error",
      at,
      "RFC 2047 §5",
      `${name} has an encoded word within an address, where it stands for itself`,
    );
  }
}
