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

/** Whose columns come when they are asked for. */
function lateColumnsOf(uids: readonly number[], isDamaged: boolean): MailboxColumns {
  const kept = columnsOf(uids);
  const firstUnseen = kept.firstUnseen();
  return new MailboxColumns({
    count: kept.count,
    lastUid: kept.lastUid,
    firstUnseen: firstUnseen === -1 ? kept.count : firstUnseen,
    source: {
      readNow: (index, column) => {
        if (isDamaged && index !== 0) return false;
        column.set(kept.arrays[index].subarray(0, kept.count));
        return true;
      },
      readRows: (index, column, wanted) => {
        // The rows are what the columns would be.
        for (const [at, uid] of wanted.entries()) column[at] = NOW.get(uid)?.[index] ?? -1;
      },
    },
  });
}

/** What rows hold in the test below, by UID, in the order of columns. */
const NOW = new Map<number, number[]>();

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("add" as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant("remove" as const), uids: uidSets }),
    fc.record({
      kind: fc.constant("flags" as const),
      uids: uidSets,
      keptLow: fc.nat(3),
      setLow: fc.nat(3),
    }),
    fc.record({ kind: fc.constant("need" as const), index: fc.nat(8) }),
    fc.record({ kind: fc.constant("unseen" as const) }),
  ),
  { maxLength: 12 },
);

test("columns that come late are what they would be, whatever happens before they come", () => {
  fc.assert(
    fc.property(uidSets, steps, fc.boolean(), (present, todo, isDamaged) => {
      const whole = columnsOf(present);
      const late = lateColumnsOf(present, isDamaged);
      let modSeq = 10_000;
      const both = (change: (columns: MailboxColumns) => void): void => {
        for (const columns of [whole, late]) change(columns);
        NOW.clear();
        for (let at = 0; at < whole.count; at++) {
          NOW.set(
            whole.uids[at],
            whole.arrays.map((column) => column[at]),
          );
        }
      };
      both(() => {});
      for (const step of todo) {
        modSeq++;
        if (step.kind === "need") late.need(step.index);
        else if (step.kind === "unseen") assert.equal(late.firstUnseen(), whole.firstUnseen());
        else if (step.kind === "remove") both((columns) => columns.remove(runsOf(step.uids)));
        else if (step.kind === "flags") {
          const { uids, keptLow, setLow } = step;
          const operation = { keptLow, setLow, keptHigh: 5, setHigh: 2 };
          both((columns) => columns.changeFlags(runsOf(uids), operation, modSeq));
        } else {
          const first = whole.lastUid + 1;
          const rows = Array.from({ length: step.count }, (_, n) => [
            first + n,
            n & 1,
            1,
            2,
            3,
            4,
            5,
            n,
          ]);
          both((columns) => columns.add(rows.flat(), modSeq));
        }
        assert.equal(late.count, whole.count);
        assert.equal(late.lastUid, whole.lastUid);
      }
      const flags = whole.flags.subarray(0, whole.count);
      const firstUnseen = flags.findIndex((bits) => (bits & 1) === 0);
      assert.equal(late.firstUnseen(), firstUnseen);
      assert.equal(whole.firstUnseen(), firstUnseen);
      const valuesOf = ({ arrays, count }: MailboxColumns): number[][] =>
        arrays.map((column) => Array.from(column.subarray(0, count)));
      assert.deepEqual(valuesOf(late), valuesOf(whole));
      assert.equal(late.isWhole, true);
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
