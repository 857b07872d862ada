/** One header field against its own grammar; the table says which grammar that is. */

import { isIdentityEncoding } from "../part-draft.ts";
import { parseListId, parseListUris } from "../list-field.ts";
import { isMessageId, parseMessageIds } from "../message-id.ts";
import { parseParameters } from "../parameters.ts";
import { parseReceived } from "../received.ts";
import { stripComments } from "../comment.ts";
import { checkAddresses } from "./check-addresses.ts";
import { checkDate } from "./check-date.ts";
import { checkEncodedWords } from "./check-encoded-words.ts";
import type { FieldRule, FieldSyntax } from "./field-table.ts";
import type { FindingList } from "./finding.ts";

export type CheckedField = {
  readonly name: string;
  readonly text: string;
  readonly at: number;
  readonly rule: FieldRule;
};

type Checker = (field: CheckedField, findings: FindingList) => void;

const addresses: Checker = ({ text, at, name, rule }, findings) => {
  checkAddresses(text, at, name, rule.syntax, findings);
  checkEncodedWords(text, at, name, findings, { isStructured: true });
};

const CHECKERS: Readonly<Record<FieldSyntax, Checker>> = {
  text: ({ text, at, name }, findings) =>
    checkEncodedWords(text, at, name, findings, { isStructured: false }),
  date: ({ text, at, name }, findings) => checkDate(text, at, name, findings),
  mailbox: addresses,
  "mailbox-list": addresses,
  "address-list": addresses,
  "optional-address-list": addresses,
  "message-id": checkMessageId,
  "message-ids": checkMessageIds,
  phrases: ({ text, at, name }, findings) => {
    if (text === "") empty(name, at, "RFC 5322 §3.6.5", findings);
    checkEncodedWords(text, at, name, findings, { isStructured: true });
  },
  path: ({ text, at, name, rule }, findings) => {
    if (!/^<[^<>\s]*>$/.test(stripComments(text).trim())) {
      findings.add(
        "path-syntax",
        "error",
        at,
        rule.rfc,
        `${name} is one address in angle brackets, or <>`,
      );
    }
  },
  received: checkReceived,
  "mime-version": ({ text, at, name, rule }, findings) => {
    if (stripComments(text).replace(/\s/g, "") !== "1.0") {
      findings.add("mime-version", "error", at, rule.rfc, `${name} is 1.0 and nothing else`);
    }
  },
  "content-type": checkContentType,
  "transfer-encoding": checkTransferEncoding,
  disposition: ({ text, at, name, rule }, findings) => {
    const { value } = parseParameters(text);
    if (!/^[!#$%&'*+\-.^_`{|}~a-z0-9]+$/.test(value)) {
      findings.add(
        "disposition",
        "error",
        at,
        rule.rfc,
        `${name} begins with inline or attachment`,
      );
    }
    checkParameters({ text, at, name, rule }, findings);
  },
  "content-id": checkMessageId,
  language: ({ text, at, name, rule }, findings) => {
    const tags = stripComments(text).split(",");
    if (!tags.every((tag) => /^\s*[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*\s*$/.test(tag))) {
      findings.add(
        "language",
        "error",
        at,
        rule.rfc,
        `${name} is a list of language tags such as en, de-CH`,
      );
    }
  },
  "list-uris": ({ text, at, name, rule }, findings) => {
    const isNo = /^no$/i.test(stripComments(text).trim());
    if (parseListUris(text).length === 0 && !isNo) {
      findings.add(
        "list-uri",
        "error",
        at,
        rule.rfc,
        `${name} is one or more URIs in angle brackets, or NO`,
      );
    }
  },
  "list-id": ({ text, at, name, rule }, findings) => {
    if (!text.includes("<") || parseListId(text) === undefined) {
      findings.add(
        "list-id",
        "error",
        at,
        rule.rfc,
        `${name} is a name in angle brackets, such as <list.example.org>`,
      );
    }
  },
  "list-unsubscribe-post": ({ text, at, name, rule }, findings) => {
    if (text !== "List-Unsubscribe=One-Click") {
      findings.add(
        "list-unsubscribe-post",
        "error",
        at,
        rule.rfc,
        `${name} is List-Unsubscribe=One-Click and nothing else`,
      );
    }
  },
  "auto-submitted": ({ text, at, name, rule }, findings) => {
    const { value } = parseParameters(text);
    if (!/^(?:no|auto-[a-z0-9-]+)$/.test(value)) {
      findings.add(
        "auto-submitted",
        "error",
        at,
        rule.rfc,
        `${name} is no, auto-generated, auto-replied or auto-notified`,
      );
    }
  },
  raw: () => {},
};

export function checkField(field: CheckedField, findings: FindingList): void {
  CHECKERS[field.rule.syntax](field, findings);
}

function empty(name: string, at: number, rfc: string, findings: FindingList): void {
  findings.add("field-empty", "error", at, rfc, `${name} is there, but empty`);
}

function checkMessageId({ text, at, name, rule }: CheckedField, findings: FindingList): void {
  const plain = stripComments(text).trim();
  const ids = parseMessageIds(plain);
  if (ids.length === 1 && ids[0] === plain && isMessageId(plain)) return;
  const help =
    ids.length > 1
      ? "may hold one identifier only"
      : "must be <left@right>, left and right without spaces";
  // Quoted left sides and the like may be read, not written (RFC 5322 §4.5.4).
  const severity =
    ids.length === 1 && ids[0] === plain && plain.includes("@") ? "warning" : "error";
  findings.add("message-id", severity, at, rule.rfc, `${name} ${help}`);
}

function checkMessageIds({ text, at, name, rule }: CheckedField, findings: FindingList): void {
  const plain = stripComments(text).trim();
  const ids = parseMessageIds(plain);
  if (ids.length === 0) {
    findings.add(
      "message-id",
      "error",
      at,
      rule.rfc,
      `${name} holds no identifier in angle brackets`,
    );
    return;
  }
  const rest = ids.reduce((left, id) => left.replace(id, " "), plain).trim();
  if (rest !== "") {
    findings.add(
      "message-id-phrase",
      "warning",
      at,
      "RFC 5322 §4.5.4",
      `${name} has words beside its identifiers, as only old mail has`,
    );
  }
}

function checkReceived({ text, at, name, rule }: CheckedField, findings: FindingList): void {
  const received = parseReceived(text);
  if (received.date === undefined) {
    findings.add(
      "received-date",
      "error",
      at,
      rule.rfc,
      `${name} must end with a semicolon and a date`,
    );
  }
}

function checkContentType(field: CheckedField, findings: FindingList): void {
  const { text, at, name, rule } = field;
  const { value } = parseParameters(text);
  if (!/^[!#$%&'*+\-.^_`{|}~a-z0-9]+ ?\/ ?[!#$%&'*+\-.^_`{|}~a-z0-9]+$/.test(value)) {
    findings.add(
      "content-type",
      "error",
      at,
      rule.rfc,
      `${name} must be a type and a subtype, such as text/plain`,
    );
  }
  checkParameters(field, findings);
}

function checkParameters({ text, at, name }: CheckedField, findings: FindingList): void {
  const { params, faults } = parseParameters(text);
  for (const fault of faults) {
    if (fault.kind === "duplicate-parameter") {
      findings.add(
        "parameter-twice",
        "error",
        at,
        "RFC 2045 §5.1",
        `${name} has a parameter twice: readers disagree which one counts`,
      );
    } else {
      findings.add(
        "parameter-syntax",
        "error",
        at,
        "RFC 2045 §5.1",
        `${name}: a parameter is name=token or name="text", at character ${fault.at + 1} it is not`,
      );
    }
  }
  for (const [parameter, value] of params) {
    if (/=\?[^?\s]+\?[bq]\?/i.test(value)) {
      findings.add(
        "word-in-parameter",
        "warning",
        at,
        "RFC 2231 §4",
        `${name} has an encoded word in its parameter ${parameter}: write ${parameter}*=utf-8''…`,
      );
    }
  }
}

function checkTransferEncoding(
  { text, at, name, rule }: CheckedField,
  findings: FindingList,
): void {
  const value = stripComments(text).trim().toLowerCase();
  const isKnown = ["7bit", "8bit", "binary", "base64", "quoted-printable"].includes(value);
  if (isKnown || (value.startsWith("x-") && isIdentityEncoding(value) === false)) return;
  if (value.startsWith("x-")) {
    findings.add(
      "transfer-encoding",
      "warning",
      at,
      rule.rfc,
      `${name} is private ("${value.slice(0, 40)}"): most readers cannot undo it`,
    );
  } else {
    findings.add(
      "transfer-encoding",
      "error",
      at,
      rule.rfc,
      `${name} is 7bit, 8bit, binary, base64 or quoted-printable, not "${value.slice(0, 40)}"`,
    );
  }
}
