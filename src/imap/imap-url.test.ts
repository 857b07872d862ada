import { test } from "node:test";
import assert from "node:assert/strict";
import { parseImapUrl } from "./imap-url.ts";
import { WHOLE } from "./section.ts";

const base = { host: undefined, user: undefined, uidValidity: undefined, section: WHOLE };
const whole = { ...base, start: 0, length: undefined };

test("RFC 5092: what a URL names", () => {
  assert.deepEqual(parseImapUrl("/INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9"), {
    ...whole,
    mailbox: "INBOX",
    uidValidity: 785799047,
    uid: 113330,
    section: { path: [1, 5, 9], kind: "whole", fields: [] },
  });
  assert.deepEqual(parseImapUrl("/Drafts/2026/;uid=7/;partial=5.100"), {
    ...whole,
    mailbox: "Drafts/2026",
    uid: 7,
    start: 5,
    length: 100,
  });
  assert.deepEqual(parseImapUrl(";UID=20/;SECTION=HEADER.FIELDS%20(DATE)"), {
    ...whole,
    mailbox: undefined,
    uid: 20,
    section: { path: [], kind: "fields", fields: ["date"] },
  });
  assert.deepEqual(
    parseImapUrl("imap://anna@Mail.example.org:143/%C3%84rger;UIDVALIDITY=1/;UID=3"),
    {
      ...whole,
      host: "mail.example.org",
      user: "anna",
      mailbox: "Ärger",
      uidValidity: 1,
      uid: 3,
    },
  );
  assert.equal(parseImapUrl("/INBOX/;UID=1/;PARTIAL=9")?.start, 9);
});

test("what is no URL of a message", () => {
  for (const text of [
    "",
    "/INBOX",
    "/INBOX/;UID=0",
    "/INBOX/;UID=x",
    "/INBOX/;UID=1/;SECTION=nonsense",
    "/INBOX/;UID=1/;PARTIAL=0.0",
    "/IN%ffBOX/;UID=1",
    "/IN%zzBOX/;UID=1",
    "http://example.org/;UID=1",
    "imap://mail.example.org",
    "/INBOX/;UID=1/;URLAUTH=anonymous:internal:0",
    `/${"x".repeat(9000)}/;UID=1`,
    "/two words/;UID=1",
  ]) {
    assert.equal(parseImapUrl(text), undefined, text);
  }
});
