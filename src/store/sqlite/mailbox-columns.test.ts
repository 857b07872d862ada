import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { MailboxColumns } from "./mailbox-columns.ts";
import { numbersIn, runsOf } from "./number-runs.ts";
import { decodeRuns, encodeRuns } from "./uid-runs.ts";

const uidSets = fc
  .uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 120 })
  .map((uids) => uids.sort((a, b) => a - b));

function columnsOf(uids: readonly number[]): MailboxColumns {
  const columns = new MailboxColumns();
  for (const uid of uids) {
    columns.add(
      [uid, uid & 31, uid & 7, uid * 10, uid * 1e9, uid * 2e9, uid * 3, uid * 7],
      uid * 5,
    );
  }
  return columns;
}

test("removing leaves every column in step, whatever goes", () => {
  fc.assert(
    fc.property(uidSets, uidSets, (present, gone) => {
      const columns = columnsOf(present);
      columns.remove(runsOf(gone));
      const kept = present.filter((uid) => !gone.includes(uid));
      assert.equal(columns.count, kept.length);
      kept.forEach((uid, index) => {
        assert.equal(columns.uids[index], uid);
        assert.equal(columns.flags[index], uid & 31);
        assert.equal(columns.flagsHigh[index], uid & 7);
        assert.equal(columns.messageIds[index], uid * 10);
        assert.equal(columns.internalDatesMs[index], uid * 1e9);
        assert.equal(columns.savedDatesMs[index], uid * 2e9);
        assert.equal(columns.sizesOctets[index], uid * 3);
        assert.equal(columns.threadIds[index], uid * 7);
        assert.equal(columns.modSeqs[index], uid * 5);
        assert.equal(columns.indexOfUid(uid), index);
      });
      for (const uid of gone) assert.equal(columns.indexOfUid(uid), -1);
    }),
  );
});

test("positionOf is where a UID is or would be", () => {
  fc.assert(
    fc.property(uidSets, fc.integer({ min: 0, max: 400 }), (present, uid) => {
      const position = columnsOf(present).positionOf(uid);
      assert.equal(position, present.filter((other) => other < uid).length);
    }),
  );
});

test("a UID is added once, and never behind a greater one", () => {
  const columns = columnsOf([1, 5]);
  const rows = [5, 4, 6].flatMap((uid) => [uid, 0, 0, 0, 0, 0, 0, 0]);
  columns.add(rows, 9);
  assert.deepEqual(Array.from(columns.uids.subarray(0, columns.count)), [1, 5, 6]);
  assert.equal(columns.modSeqs[1], 25);
});

test("runs of UIDs read back as they were", () => {
  fc.assert(
    fc.property(uidSets, (uids) => {
      assert.deepEqual(numbersIn(decodeRuns(encodeRuns(runsOf(uids)))), uids);
    }),
  );
  assert.equal(encodeRuns(runsOf([1, 2, 3, 4, 7])).length, 16);
  assert.deepEqual(decodeRuns(encodeRuns(runsOf([0xffffffff]))), [0xffffffff, 0xffffffff]);
  assert.deepEqual(decodeRuns(null), []);
});
