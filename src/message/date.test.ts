import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { formatDate, parseDate } from "./date.ts";

const at = (iso: string): number => Date.parse(iso);

const READ: readonly (readonly [what: string, text: string, iso: string, zone: number])[] = [
  ["RFC 5322 A.1.1", "Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z", -360],
  ["RFC 5322 A.1.2", "Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37Z", 120],
  [
    "RFC 5322 A.1.3, zone nobody knows",
    "Thu, 13 Feb 1969 23:32:54 -0330",
    "1969-02-14T03:02:54Z",
    -210,
  ],
  [
    "RFC 5322 A.5, comments",
    "Thu, 13 Feb 1969 23:32 -0330 (Newfoundland Time)",
    "1969-02-14T03:02:00Z",
    -210,
  ],
  ["RFC 5322 A.6.2, two digits and GMT", "21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z", 0],
  [
    "RFC 5322 A.6.3, comments and white space",
    "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
    "1997-11-21T15:55:06Z",
    -360,
  ],
  ["RFC 5322 §4.3, two digits below 50", "1 Jan 49 00:00 UT", "2049-01-01T00:00:00Z", 0],
  ["RFC 5322 §4.3, two digits from 50", "1 Jan 50 00:00 UT", "1950-01-01T00:00:00Z", 0],
  ["RFC 5322 §4.3, three digits", "1 Jan 103 00:00 UT", "2003-01-01T00:00:00Z", 0],
  ["RFC 5322 §4.3, EST", "1 Jan 2020 00:00:00 EST", "2020-01-01T05:00:00Z", -300],
  ["RFC 5322 §4.3, PDT", "1 Jul 2020 00:00:00 PDT", "2020-07-01T07:00:00Z", -420],
  [
    "RFC 5322 §4.3, military letters mean nothing",
    "1 Jan 2020 00:00:00 A",
    "2020-01-01T00:00:00Z",
    0,
  ],
  ["leap second", "Sat, 31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z", 0],
  ["no weekday, no seconds", "3 Mar 2026 09:00 +0100", "2026-03-03T08:00:00Z", 60],
  ["no zone", "Tue, 3 Mar 2026 09:00:00", "2026-03-03T09:00:00Z", 0],
  ["GMT with offset", "Tue, 3 Mar 2026 09:00:00 GMT+0200", "2026-03-03T07:00:00Z", 120],
  ["zone with a colon", "Tue, 3 Mar 2026 09:00:00 +02:00", "2026-03-03T07:00:00Z", 120],
  ["whole month name", "Tuesday, 3 March 2026 09:00:00 +0000", "2026-03-03T09:00:00Z", 0],
  ["asctime", "Tue Mar  3 09:00:00 2026", "2026-03-03T09:00:00Z", 0],
  ["asctime with zone", "Tue Mar  3 09:00:00 PST 2026", "2026-03-03T17:00:00Z", -480],
  ["month first", "March 3, 2026 9:00 PM +0000", "2026-03-03T21:00:00Z", 0],
  ["noon and midnight", "3 Mar 2026 12:05 AM +0000", "2026-03-03T00:05:00Z", 0],
  ["ISO 8601", "2026-03-03T09:00:00.250+01:00", "2026-03-03T08:00:00Z", 60],
  ["ISO 8601 Z", "2026-03-03T09:00:00Z", "2026-03-03T09:00:00Z", 0],
  ["dashes", "3-Mar-2026 09:00:00 +0000", "2026-03-03T09:00:00Z", 0],
  ["day alone", "3 Mar 2026", "2026-03-03T00:00:00Z", 0],
];

suite("dates", () => {
  for (const [what, text, iso, zoneMinutes] of READ) {
    test(what, () => assert.deepEqual(parseDate(text), { epochMs: at(iso), zoneMinutes }));
  }

  test("what names no moment is undefined", () => {
    for (const text of [
      "",
      "yesterday",
      "31 Apr 2026 09:00:00 +0000",
      "29 Feb 2023 00:00 +0000",
      "0 Jan 2026 00:00 +0000",
      "1 Foo 2026 00:00 +0000",
      "1 Jan 2026 24:00 +0000",
      "1 Jan 2026 23:60 +0000",
      "1 Jan 2026 23:59:61 +0000",
      "Fri, 2026",
    ]) {
      assert.equal(parseDate(text), undefined, text);
    }
  });

  test("security row 80: any date is read or undefined; beyond 2038, daylight saving and far zones too", () => {
    assert.equal(parseDate("Tue, 19 Jan 2038 03:14:08 +0000")?.epochMs, 2 ** 31 * 1000);
    assert.equal(parseDate("Fri, 31 Dec 9999 23:59:59 +0000")?.epochMs, at("9999-12-31T23:59:59Z"));
    assert.deepEqual(parseDate("1 Jan 2026 00:00 +1200"), {
      epochMs: at("2025-12-31T12:00:00Z"),
      zoneMinutes: 720,
    });
    assert.deepEqual(parseDate("1 Jan 2026 00:00 +1400"), {
      epochMs: at("2025-12-31T10:00:00Z"),
      zoneMinutes: 840,
    });
    assert.deepEqual(parseDate("1 Jan 2026 00:00 -1200"), {
      epochMs: at("2026-01-01T12:00:00Z"),
      zoneMinutes: -720,
    });
    // An hour that daylight saving leaves out exists all the same: the zone is a number.
    assert.deepEqual(parseDate("Sun, 29 Mar 2026 02:30:00 +0100"), {
      epochMs: at("2026-03-29T01:30:00Z"),
      zoneMinutes: 60,
    });
  });

  test("security row 80: a zone beyond a day is no zone; the limit and one past it", () => {
    assert.equal(parseDate("1 Jan 2026 00:00 +2400")?.zoneMinutes, 1440);
    assert.equal(parseDate("1 Jan 2026 00:00 +2401")?.zoneMinutes, 0);
    assert.equal(parseDate("1 Jan 2026 00:00 +9999")?.zoneMinutes, 0);
    assert.equal(parseDate("1 Jan 2026 00:00 +0059")?.zoneMinutes, 59);
    assert.equal(parseDate("1 Jan 2026 00:00 +0060")?.zoneMinutes, 0);
  });

  test("a text longer than any date is not looked at: 200 characters and one more", () => {
    const date = "Fri, 21 Nov 1997 09:55:06 -0600";
    assert.ok(parseDate(date.padEnd(200)));
    assert.equal(parseDate(date.padEnd(201)), undefined);
  });

  test("RFC 5322 §3.3: what is written", () => {
    assert.equal(formatDate(at("1997-11-21T15:55:06Z"), -360), "Fri, 21 Nov 1997 09:55:06 -0600");
    assert.equal(formatDate(at("2026-03-03T00:00:00Z")), "Tue, 3 Mar 2026 00:00:00 +0000");
    assert.equal(formatDate(at("2026-03-03T00:00:00Z"), 345), "Tue, 3 Mar 2026 05:45:00 +0545");
  });

  test("property: a written date reads back", () => {
    const seconds = fc.integer({
      min: at("1900-01-01T00:00:00Z") / 1000 + 100_000,
      max: at("9999-12-30T00:00:00Z") / 1000,
    });
    fc.assert(
      fc.property(seconds, fc.integer({ min: -720, max: 840 }), (second, zoneMinutes) => {
        const epochMs = second * 1000;
        assert.deepEqual(parseDate(formatDate(epochMs, zoneMinutes)), { epochMs, zoneMinutes });
      }),
    );
  });

  test("property: any text is read or undefined", () => {
    const word = fc.constantFrom(
      "Fri",
      ",",
      " ",
      "21",
      "Nov",
      "1997",
      "09",
      ":",
      "55",
      "-0600",
      "(",
      ")",
      "GMT",
      "+",
      "é",
      "-",
      "/",
      "T",
      "99999",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (words) => {
        const date = parseDate(words.join(""));
        assert.ok(
          date === undefined ||
            (Number.isSafeInteger(date.epochMs) && Math.abs(date.zoneMinutes) <= 1440),
        );
      }),
      { numRuns: 5000 },
    );
  });
});
