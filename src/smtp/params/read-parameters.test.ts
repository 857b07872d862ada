import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { MailParams, RcptParams } from "../handler.ts";
import { readParameters } from "./read-parameters.ts";
import { MAIL_PARAMETERS, RCPT_PARAMETERS } from "./table.ts";

const NOW = Date.UTC(2026, 0, 1);
const context = { nowMs: () => NOW, maxHoldSeconds: 1000, smtpUtf8: false };

function mail(text: string): MailParams | number {
  const read = readParameters<MailParams>(text, MAIL_PARAMETERS, () => true, context);
  return "params" in read ? read.params : read.refusal.code;
}

function rcpt(text: string): RcptParams | number {
  const read = readParameters<RcptParams>(text, RCPT_PARAMETERS, () => true, context);
  return "params" in read ? read.params : read.refusal.code;
}

const good: [string, MailParams][] = [
  ["", {}],
  ["SIZE=0", { sizeOctets: 0 }],
  ["size=99999999999999999999", { sizeOctets: 1e20 }],
  ["BODY=7BIT", { body: "7bit" }],
  ["body=8BitMime", { body: "8bitmime" }],
  ["BODY=BINARYMIME", { body: "binarymime" }],
  ["SMTPUTF8  RET=FULL", { smtpUtf8: true, ret: "full" }],
  ["ENVID=QQ314159", { envid: "QQ314159" }],
  ["ENVID=a+20b", { envid: "a b" }],
  ["AUTH=<>", { auth: "<>" }],
  ["AUTH=e+3Dmc2@example.com", { auth: "e=mc2@example.com" }],
  ["REQUIRETLS", { requireTls: true }],
  ["MT-PRIORITY=-9", { priority: -9 }],
  ["MT-PRIORITY=0", { priority: 0 }],
  ["BY=120;R", { deliverBy: { seconds: 120, mode: "return", trace: false } }],
  ["BY=-10;nt", { deliverBy: { seconds: -10, mode: "notify", trace: true } }],
  ["HOLDFOR=1000", { holdUntilMs: NOW + 1_000_000 }],
  ["HOLDUNTIL=2026-01-01T01:10:00+01:00", { holdUntilMs: NOW + 600_000 }],
];

for (const [text, expected] of good) {
  test(`A9: MAIL parameters "${text}"`, () => assert.deepEqual(mail(text), expected));
}

test("A9: MAIL parameters that are refused, with 501 or 555", () => {
  const bad: [string, number][] = [
    ["SIZE=-1", 501],
    ["SIZE=1e9", 501],
    ["SIZE=1 SIZE=1", 501],
    ["BODY=", 501],
    ["BODY", 501],
    ["BODY=9BIT", 501],
    ["SMTPUTF8=", 501],
    ["RET=HDRS,FULL", 501],
    [`ENVID=${"x".repeat(101)}`, 501],
    ["ENVID=a+zz", 501],
    ["ENVID=a+0D+0A", 501],
    ["AUTH=a", 501],
    ["AUTH=+0D+0Aa@example.org", 501],
    [`AUTH=${"x".repeat(490)}@example.org`, 501],
    ["MT-PRIORITY=10", 501],
    ["MT-PRIORITY=-0", 501],
    ["MT-PRIORITY=+1", 501],
    ["BY=120", 501],
    ["BY=0;R", 501],
    ["BY=1234567890;N", 501],
    ["HOLDFOR=0", 501],
    ["HOLDFOR=1001", 501],
    ["HOLDUNTIL=2026-13-01T00:00:00Z", 501],
    ["HOLDUNTIL=tomorrow", 501],
    ["HOLDFOR=1 HOLDUNTIL=2026-01-01T00:00:10Z", 501],
    ["XVERP", 555],
    ["constructor=x", 555],
    ["=x", 501],
    ["-A=x", 501],
    [Array.from({ length: 21 }, (_, index) => `X${index}=1`).join(" "), 501],
  ];
  for (const [text, code] of bad) assert.equal(mail(text), code, text);
});

test("G38: RCPT parameters", () => {
  assert.deepEqual(rcpt("NOTIFY=NEVER"), { notify: [] });
  assert.deepEqual(rcpt("notify=success,DELAY,success"), { notify: ["success", "delay"] });
  assert.deepEqual(rcpt("ORCPT=rfc822;Bob+2Bx@example.org"), { orcpt: "rfc822;Bob+x@example.org" });
  assert.deepEqual(rcpt("ORCPT=UTF-8;b\\x{FC}cher@example.org"), {
    orcpt: "utf-8;bücher@example.org",
  });
  assert.deepEqual(rcpt("ORCPT=utf-8;bücher@example.org"), { orcpt: "utf-8;bücher@example.org" });
  for (const text of [
    "NOTIFY=NEVER,FAILURE",
    "NOTIFY=FAILURE,",
    "NOTIFY=__proto__",
    "ORCPT=example.org",
    "ORCPT=rfc822;",
    "ORCPT=rfc822;b+0A@example.org",
    "ORCPT=rfc822;bücher@example.org",
    "ORCPT=utf-8;\\x{110000}",
    `ORCPT=rfc822;${"x".repeat(500)}`,
  ]) {
    assert.equal(rcpt(text), 501, text);
  }
});

test("security row 30: parameters: any text is read or refused, never thrown at", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (octets, isUtf8) => {
      const text = Buffer.from(octets).toString(isUtf8 ? "utf8" : "latin1");
      mail(text);
      rcpt(text);
    }),
  );
});
