import { test } from "node:test";
import assert from "node:assert/strict";
import { dayOf, formatDateTime, parseDateTime, parseDay } from "./date-time.ts";

test("RFC 9051 §9 date-time", () => {
  const rows: [string, number | undefined][] = [
    ["01-Feb-1994 12:30:00 +0100", Date.UTC(1994, 1, 1, 11, 30)],
    [" 1-Feb-1994 00:00:00 -0500", Date.UTC(1994, 1, 1, 5)],
    ["29-Feb-2024 23:59:60 +0000", Date.UTC(2024, 2, 1)],
    ["29-feb-2023 00:00:00 +0000", undefined],
    ["1-Feb-1994 00:00:00 +0000", undefined],
    ["01-Foo-1994 00:00:00 +0000", undefined],
    ["01-Feb-1994 24:00:00 +0000", undefined],
    ["01-Feb-1994 00:00:00 GMT", undefined],
    ["", undefined],
  ];
  for (const [text, value] of rows) assert.equal(parseDateTime(text), value, text);
});

test("RFC 9051 §9 date", () => {
  assert.equal(parseDay("1-Feb-1994"), dayOf(Date.UTC(1994, 1, 1)));
  assert.equal(parseDay("31-dec-1969"), -1);
  for (const text of ["32-Jan-2000", "1-1-2000", "Feb-1-2000", "1-Feb-94", ""]) {
    assert.equal(parseDay(text), undefined, text);
  }
});

test("dates go out in UTC with two digits a part", () => {
  assert.equal(formatDateTime(Date.UTC(2026, 1, 3, 4, 5, 6)), "03-Feb-2026 04:05:06 +0000");
  assert.equal(formatDateTime(-1000), "31-Dec-1969 23:59:59 +0000");
  assert.equal(
    parseDateTime(formatDateTime(Date.UTC(2026, 10, 24, 13))),
    Date.UTC(2026, 10, 24, 13),
  );
});
