import { test } from "node:test";
import assert from "node:assert/strict";
import type { MailboxInfo, SpecialUse } from "../store/mail.ts";
import { readMapping, targetName, type NamingWish } from "./target-name.ts";

const ours = (
  [
    ["INBOX", undefined],
    ["Sent", "\\Sent"],
    ["Papierkorb", "\\Trash"],
    ["Junk", "\\Junk"],
  ] as const
).map(([name, specialUse]) => ({ name, specialUse }) as MailboxInfo);

function nameOf(name: string, wish: Partial<NamingWish> = {}, specialUse?: SpecialUse): unknown {
  return targetName(
    { name, ...(specialUse && { specialUse }) },
    { map: new Map(), into: undefined, ...wish },
    ours,
  );
}

test("names of other servers and programs become ours", () => {
  for (const [theirs, expected] of [
    ["inbox", "INBOX"],
    ["Sent Items", "Sent"],
    ["Sent Messages", "Sent"],
    ["Deleted Items", "Papierkorb"],
    ["INBOX/Sent", "Sent"],
    ["[Gmail]/Sent Mail", "Sent"],
    ["Spam", "Junk"],
    ["Projects/Sent", "Projects/Sent"],
    ["a//b/", "a/b"],
    ["a\u0000b\u0007", "a_b_"],
    ["../..", "../.."],
  ]) {
    assert.equal(nameOf(theirs), expected, theirs);
  }
  assert.equal(nameOf("Gesendet", {}, "\\Sent"), "Sent");
  assert.equal(nameOf(""), undefined);
  assert.equal(nameOf("x".repeat(2000)), undefined);
  assert.equal(nameOf(Array.from({ length: 40 }, () => "a").join("/")), undefined);
});

test("what the person says goes first, also for what is below", () => {
  const map = new Map([["Work", "Old/Projects"]]);
  assert.equal(nameOf("Work/2026/May", { map }), "Old/Projects/2026/May");
  assert.equal(nameOf("Worker", { map }), "Worker");
  assert.equal(nameOf("Sent Items", { into: "Import" }), "Import/Sent Items");
  assert.deepEqual(readMapping("Old name = New=name"), ["Old name", "New=name"]);
  for (const text of ["", "a", "=b", "a="]) assert.equal(readMapping(text), undefined, text);
});
