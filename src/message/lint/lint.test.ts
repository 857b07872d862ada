import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import fc from "fast-check";
import { message } from "../testing/message-octets.ts";
import { RFC_EXAMPLES } from "../testing/rfc-examples.ts";
import { FIELD_TABLE } from "./field-table.ts";
import { lint } from "./lint.ts";
import { costMs } from "../../../test/message/linear-time.ts";

const SAMPLES = join(import.meta.dirname, "../../../test/corpus-samples");

/** What is planted in each file of `broken/`: all that lint may say of it, notes aside. */
const PLANTED: Readonly<Record<string, readonly string[]>> = {
  "address-empty": ["address-missing"],
  "address-encoded": ["word-in-address", "word-not-apart"],
  "address-no-domain": ["address-syntax"],
  "address-route": ["address-empty-member", "address-route"],
  "address-semicolons": ["address-syntax"],
  "address-two-at": ["address-invalid"],
  "auto-submitted-maybe": ["auto-submitted"],
  "bare-cr": ["bare-cr"],
  "bare-lf": ["bare-lf"],
  "base64-broken": ["bad-base64"],
  "base64-long-line": ["encoded-line-long"],
  "boundary-with-star": ["boundary-syntax"],
  "charset-absent": ["charset-untrue"],
  "charset-not-utf8": ["charset-untrue"],
  "charset-unknown": ["charset-unknown"],
  "content-type-without-subtype": ["content-type"],
  "date-two-digit-year": ["date-obsolete"],
  "date-without-moment": ["date-unreadable"],
  "date-wrong-weekday": ["date-weekday"],
  "disposition-without-type": ["disposition"],
  "eight-bit-as-seven": ["encoding-untrue"],
  "fold-of-white-space": ["fold-blank"],
  "header-latin1": ["header-8bit"],
  "in-reply-to-phrase": ["message-id-phrase"],
  "keywords-empty": ["field-empty"],
  "language-not-a-tag": ["language"],
  "list-fields": ["list-id", "list-unsubscribe-missing", "list-unsubscribe-post", "list-uri"],
  "long-body-line": ["line-too-long"],
  "long-header-line": ["line-too-long"],
  "mbox-from-line": ["mbox-from-line"],
  "message-id-without-brackets": ["message-id"],
  "mime-version-2": ["mime-version"],
  "multipart-base64": ["container-encoded"],
  "multipart-boundary-unused": ["boundary-never-used"],
  "multipart-cut": ["no-final-boundary"],
  "multipart-without-boundary": ["missing-boundary"],
  "no-blank-line": ["not-a-field", "not-a-field"],
  "no-date": ["field-missing"],
  "no-from": ["field-missing"],
  "no-mime-version": ["mime-version-missing"],
  "nul-octet": ["nul-octet"],
  "parameter-encoded-word": ["word-in-parameter"],
  "parameter-twice": ["parameter-twice"],
  "parameter-unquoted": ["parameter-syntax"],
  "part-field-twice": ["field-repeated"],
  "quoted-printable-8bit": ["bad-quoted-printable"],
  "quoted-printable-broken": ["bad-quoted-printable"],
  "received-without-date": ["received-date"],
  "references-without-ids": ["message-id"],
  "related-without-type": ["parameter-missing"],
  "report-without-type": ["parameter-missing"],
  "resent-without-date": ["resent-incomplete"],
  "return-path-without-brackets": ["path-syntax"],
  "signed-incomplete": ["parameter-missing", "parameter-missing", "part-count"],
  "space-before-colon": ["space-before-colon"],
  "transfer-encoding-unknown": ["transfer-encoding"],
  "two-authors-no-sender": ["sender-missing"],
  "two-senders": ["address-many"],
  "two-subjects": ["field-repeated"],
  "word-broken-b": ["word-base64"],
  "word-broken-q": ["word-q"],
  "word-charset": ["word-charset"],
  "word-encoding": ["word-encoding"],
  "word-in-quotes": ["word-in-quotes"],
  "word-too-long": ["word-too-long"],
  "word-touching": ["word-not-apart"],
  "word-with-space": ["word-space"],
};

const names = (folder: string): string[] =>
  readdirSync(join(SAMPLES, folder))
    .filter((name) => name.endsWith(".eml"))
    .map((name) => name.slice(0, -4))
    .sort();
const rulesOf = (data: Uint8Array): string[] =>
  lint(data)
    .filter(({ severity }) => severity !== "note")
    .map(({ rule }) => rule)
    .sort();

suite("lint: each planted fault is named, and nothing else", () => {
  test("every sample has its line in the table", () => {
    assert.deepEqual(names("broken"), Object.keys(PLANTED).sort());
  });
  for (const [name, rules] of Object.entries(PLANTED)) {
    test(name, () =>
      assert.deepEqual(
        rulesOf(readFileSync(join(SAMPLES, "broken", `${name}.eml`))),
        [...rules].sort(),
      ),
    );
  }
});

suite("lint: nothing is found where nothing is wrong", () => {
  for (const name of names("valid")) {
    test(name, () =>
      assert.deepEqual(rulesOf(readFileSync(join(SAMPLES, "valid", `${name}.eml`))), []),
    );
  }
  /** Examples that print forms their own RFC calls obsolete, or that are no whole messages. */
  const notClean: Readonly<Record<string, readonly string[]>> = {
    "RFC 5322 A.6.1": ["address-empty-member", "address-route"],
    "RFC 5322 A.6.2": ["date-obsolete"],
    // The blanks within the folded To, and spaces before colons and within the identifier.
    "RFC 5322 A.6.3": [
      "fold-blank",
      "message-id",
      ...Array.from({ length: 5 }, () => "space-before-colon"),
    ],
    // The multipart whose end is missing is what the example is about.
    "RFC 2046 §5.1.2": ["no-final-boundary"],
    // `From: Moderator-Address` and `To: Recipient-List` stand for addresses; so does the weekday for a date of 1993.
    "RFC 2046 §5.1.5": ["address-syntax", "address-syntax", "date-weekday"],
    // No MIME-Version field.
    "RFC 3464 E.4": ["mime-version-missing"],
  };
  for (const [name, data] of RFC_EXAMPLES) {
    test(name, () => assert.deepEqual(rulesOf(data), [...(notClean[name] ?? [])].sort()));
  }
});

suite("lint: occurrence (RFC 5322 §3.6)", () => {
  const FULL = ["From: a@b.test", "Date: Tue, 3 Mar 2026 09:00:00 +0100", "Message-ID: <a@b>"];
  const VALUES: Readonly<Record<string, string>> = {
    date: "Tue, 3 Mar 2026 09:00:00 +0100",
    from: "a@b.test",
    sender: "a@b.test",
    "reply-to": "a@b.test",
    to: "a@b.test",
    cc: "a@b.test",
    bcc: "a@b.test",
    "message-id": "<a@b>",
    "in-reply-to": "<a@b>",
    references: "<a@b>",
    subject: "x",
    comments: "x",
    keywords: "x",
    received: "by x; Tue, 3 Mar 2026 09:00:00 +0100",
  };
  for (const [key, value] of Object.entries(VALUES)) {
    const rule = FIELD_TABLE.get(key);
    test(`${key}: at least ${rule?.min}, at most ${rule?.max}`, () => {
      const without = FULL.filter((line) => !line.toLowerCase().startsWith(`${key}:`));
      const line = `${key}: ${value}`;
      const found = (count: number): string[] =>
        rulesOf(message(...without, ...Array.from({ length: count }, () => line), "", "x"));
      assert.deepEqual(found(0), rule?.min === 1 ? ["field-missing"] : []);
      assert.deepEqual(found(1), []);
      assert.deepEqual(found(2), rule?.max === 1 ? ["field-repeated"] : []);
    });
  }
});

suite("lint: findings", () => {
  test("say where, by which RFC, how bad, and what to do", () => {
    const data = message(
      "From: a@b.test",
      "Date: Tue, 3 Mar 2026 09:00:00 +0100",
      "Message-ID: <a@b>",
      "Subject: 1",
      "Subject: 2",
      "",
      "x",
    );
    const [finding] = lint(data);
    assert.equal(
      Buffer.from(data)
        .toString("latin1")
        .slice(finding.at, finding.at + 10),
      "Subject: 2",
    );
    assert.deepEqual(
      [finding.line, finding.severity, finding.rfc],
      [5, "error", "RFC 5322 §3.6.5"],
    );
    assert.match(finding.message, /one only/);
  });
  test("notes: legal, but unwise", () => {
    const data = message(
      "From: Jörg <j@b.test>",
      "Date: Tue, 3 Mar 2026 09:00:00 +0100",
      `Subject: ${"word ".repeat(20)}`,
      "",
      "x",
    );
    assert.deepEqual(
      lint(data)
        .map(({ rule, severity }) => [rule, severity])
        .sort(),
      [
        ["header-utf8", "note"],
        ["line-long", "note"],
        ["message-id-missing", "note"],
      ],
    );
  });
  test("are bounded", () => {
    assert.equal(lint(message(...Array.from({ length: 2000 }, () => "To: a"))).length, 500);
  });
  test("property: any octets are judged, in order of the message", () => {
    const piece = fc.constantFrom(
      "From: ",
      "Date: x",
      "To: a@b",
      "Subject: =?utf-8?Q?x",
      "Content-Type: multipart/mixed; boundary=b",
      "--b",
      "--b--",
      "\r\n",
      "\n",
      "\r\n\r\n",
      "é",
      "Content-Transfer-Encoding: base64",
      "AAA",
      "=",
      "List-Id: x",
      "Received: ",
      "Resent-To: ",
      "message/rfc822",
      "\0",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const data = Buffer.from(pieces.join(""));
        let at = 0;
        for (const finding of lint(data)) {
          assert.ok(finding.at >= at && finding.at <= data.length && finding.line >= 1);
          at = finding.at;
        }
      }),
      { numRuns: 2000 },
    );
  });
  test("a large message is judged quickly", () => {
    const lines = Array.from({ length: 100_000 }, () => "some line of text");
    const large = message("Subject: x", "", ...lines);
    const spentMs = costMs(() => lint(large));
    assert.ok(spentMs < 1000, `${spentMs} ms`);
  });
});
