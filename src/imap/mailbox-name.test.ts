import { test } from "node:test";
import assert from "node:assert/strict";
import { decodeMailboxName, encodeMailboxName, problemOfNewName } from "./mailbox-name.ts";

test("pitfall 22: INBOX in any case, also as a level; ampersands and emoji", () => {
  const rows: [string, string][] = [
    ["inbox", "INBOX"],
    ["InBoX/Sub", "INBOX/Sub"],
    ["inboxes", "inboxes"],
    ["R&-D", "R&D"],
    ["&2D3eAA-", "😀"],
    ["Entw&APw-rfe", "Entwürfe"],
  ];
  for (const [wire, name] of rows) {
    assert.equal(decodeMailboxName(wire, false), name);
    if (name !== "INBOX" && !name.startsWith("INBOX/"))
      assert.equal(encodeMailboxName(name, false), wire);
  }
});

test("8-bit names are UTF-8, enabled or not; with UTF-8 an ampersand is itself", () => {
  assert.equal(decodeMailboxName("Entw\xc3\xbcrfe", false), "Entwürfe");
  assert.equal(decodeMailboxName("R&D", true), "R&D");
  assert.equal(encodeMailboxName("Entwürfe", true), "Entwürfe");
});

test("security row 86: names are names, whatever a file system would make of them", () => {
  for (const name of ["../../etc/passwd", "..", ".", "a/../b", "etc/passwd", "C:\\x", "con", "~"]) {
    assert.equal(problemOfNewName(name), undefined, name);
  }
  for (const name of ["/etc", "a//b", "a/", "a\0b", "x".repeat(1001), "x/".repeat(40) + "x", ""]) {
    assert.notEqual(problemOfNewName(name), undefined, JSON.stringify(name.slice(0, 20)));
  }
});

test("security row 87: controls, bad UTF-7 and bad UTF-8 make no mailbox", () => {
  for (const wire of [
    "a\rb",
    "a\nb",
    "a\tb",
    "a\x7fb",
    "&",
    "&AGE-",
    "&2D0-",
    "\xff\xfe",
    "\xc3",
    "\xed\xa0\x80",
    "&AAo-",
    "&ICg-",
    "&AIU-",
  ]) {
    assert.notEqual(
      problemOfNewName(decodeMailboxName(wire, false)),
      undefined,
      JSON.stringify(wire),
    );
  }
});
