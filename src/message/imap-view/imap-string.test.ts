import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeLatin1 } from "../../base/bytes.ts";
import { parseMessage } from "../parse.ts";
import { bodyStructure } from "./body-structure.ts";
import { envelope } from "./envelope.ts";
import { MAX_STRING_LENGTH } from "./imap-string.ts";

test("security row 91: a field as long as a message makes no ENVELOPE or BODYSTRUCTURE of that length", () => {
  const long = "x".repeat(1_000_000);
  const fields = [
    `Subject: ${long}`,
    `Subject: ${"\xc3\xa9".repeat(500_000)}`,
    `From: "${long}" <a@example.org>`,
    `Message-ID: <${long}@example.org>`,
    `In-Reply-To: ${"<a@b> ".repeat(200_000)}`,
    `Date: ${long}`,
    `Content-Type: text/plain; name="${long}"`,
    `Content-Description: ${long}`,
    `Content-Location: ${long}`,
  ];
  for (const field of fields) {
    const parsed = parseMessage(encodeLatin1(`${field}\r\n\r\nx`));
    const octets = envelope(parsed).length + bodyStructure(parsed, true).length;
    assert.ok(octets < 4 * MAX_STRING_LENGTH, `${field.slice(0, 20)}: ${octets}`);
  }
});
