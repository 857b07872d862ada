/** The short form of `fuzz/message.ts`, and the proof that time and memory grow no faster than octets. */

import { suite, test } from "node:test";
import { checkLinear } from "../../test/message/linear-time.ts";
import { checkReading, checkViews, fuzz } from "../../fuzz/message.ts";
import { encodeLatin1 } from "../base/bytes.ts";
import { parseAddressList } from "./address-list.ts";
import { parseAuthenticationResults } from "./authentication-results.ts";
import { baseSubject } from "./base-subject.ts";
import { parseDate } from "./date.ts";
import { decodeWords } from "./encoded-word.ts";
import { safeFileName } from "./file-name.ts";
import { flow, unflow } from "./flowed.ts";
import { htmlToText } from "./html-text.ts";
import { lint } from "./lint/lint.ts";
import { parseListId, parseListUris } from "./list-field.ts";
import { parseMessageIds } from "./message-id.ts";
import { parseParameters } from "./parameters.ts";
import { parseReceived } from "./received.ts";

suite("fuzz", () => {
  test("20,000 mutated messages", () => fuzz(20_000, 20_260_303));
});

const MESSAGES: Readonly<Record<string, (count: number) => string>> = {
  "one long line": (n) => `A: b\r\n\r\n${"x".repeat(n * 10)}`,
  "many fields": (n) => "A: b\r\n".repeat(n),
  "a folded field": (n) => `A: b\r\n${" c\r\n".repeat(n)}`,
  "lines that are no field": (n) => "xx\r\n".repeat(n),
  "bare CRs in a field": (n) => `Subject: ${"\r".repeat(n * 5)}x\r\n\r\n`,
  "boundary lines": (n) =>
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${"--b\r\n\r\nx\r\n".repeat(n)}`,
  "lines that are nearly boundaries": (n) =>
    `Content-Type: multipart/mixed; boundary=${"b".repeat(60)}\r\n\r\n${`--${"b".repeat(59)}\r\n`.repeat(n / 10)}`,
  "nested multiparts": (n) =>
    Array.from(
      { length: n / 4 },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
    ).join(""),
  "nested multiparts of one boundary": (n) =>
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(n / 4),
  "nested messages": (n) => "Content-Type: message/rfc822\r\n\r\n".repeat(n / 4),
  addresses: (n) => `To: ${"a@b,".repeat(n)}\r\n\r\n`,
  groups: (n) => `To: ${"g:;".repeat(n)}\r\n\r\n`,
  "open brackets": (n) => `To: ${"<".repeat(n)}\r\n\r\n`,
  "open comments": (n) => `To: ${"(".repeat(n * 4)}\r\nDate: ${"(".repeat(n * 4)}\r\n\r\n`,
  "open quotes": (n) => `To: ${'"a" '.repeat(n)}\r\nSubject: ${'"'.repeat(n)}\r\n\r\n`,
  "encoded words": (n) => `Subject: ${"=?utf-8?Q?=C3=BC?= ".repeat(n / 5)}\r\n\r\n`,
  parameters: (n) => `Content-Type: a/b${"; n=x".repeat(n)}\r\n\r\n`,
  "continued parameters": (n) =>
    `Content-Type: a/b${Array.from({ length: n }, (_, i) => `; n*${i}*=%41`).join("")}\r\n\r\n`,
  references: (n) => `References: ${"<a@b> ".repeat(n)}\r\n\r\n`,
  "8-bit header": (n) => `Subject: ${"\u00fc".repeat(n * 4)}\r\n\r\n`,
  "HTML tags": (n) => `Content-Type: text/html\r\n\r\n${"<div><p>".repeat(n)}`,
  base64: (n) => `Content-Transfer-Encoding: base64\r\n\r\n${"QUJD\r\n".repeat(n)}`,
  "quoted-printable": (n) =>
    `Content-Transfer-Encoding: quoted-printable\r\n\r\n${"=C3=BC=\r\n".repeat(n)}`,
};

suite("security row 75: time grows no faster than octets", () => {
  for (const [name, make] of Object.entries(MESSAGES)) {
    test(`structure and IMAP views: ${name}`, () => {
      checkLinear(
        name,
        (count) => {
          const octets = encodeLatin1(make(count));
          return () => void checkViews(octets);
        },
        2000,
      );
    });
    test(`all that reads, and lint: ${name}`, () => {
      checkLinear(
        name,
        (count) => {
          const octets = encodeLatin1(make(count));
          return () => {
            checkReading(checkViews(octets));
            lint(octets);
          };
        },
        400,
      );
    });
  }

  const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
    addresses: parseAddressList,
    "encoded words": decodeWords,
    parameters: parseParameters,
    dates: parseDate,
    identifiers: parseMessageIds,
    Received: parseReceived,
    "Authentication-Results": parseAuthenticationResults,
    "List-Id": parseListId,
    "list URIs": parseListUris,
    "base subjects": baseSubject,
    HTML: htmlToText,
    "file names": safeFileName,
    "flowed text": (text) => unflow(text, { deleteSpace: true }),
    "text to flow": flow,
  };
  const PIECES = [
    "(",
    ")",
    "\\",
    '"',
    "<",
    ">",
    "@",
    "a",
    " ",
    "=?",
    "=?u?q?",
    "=?.?q?x",
    "?=",
    "[",
    "]",
    ";",
    ":",
    ",",
    "<a",
    "&",
    "<!--",
    "re:",
    "a ",
    "> ",
    "=",
    "*0=",
    "..",
    "\t",
    "é",
  ];
  for (const [name, parse] of Object.entries(PARSERS)) {
    test(name, () => {
      for (const piece of PIECES) {
        checkLinear(
          `${name} of ${JSON.stringify(piece)}`,
          (count) => {
            const text = `a=${piece.repeat(count)}`;
            return () => void parse(text);
          },
          1000,
        );
      }
    });
  }
});
