import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { Database } from "./database.ts";
import { packedSelect } from "./packed-rows.ts";
import { numbersByKey, rowsByKey } from "./rows-by-key.ts";

const folder = mkdtempSync(join(tmpdir(), "posthorn-rows-"));
const database = Database.openForWriting(join(folder, "rows.db"));
database.exec("CREATE TABLE item (box INTEGER, id INTEGER, name TEXT, PRIMARY KEY (box, id))");
for (let id = 1; id <= 2000; id++) {
  if (id % 7 !== 0) database.run("INSERT INTO item VALUES (1, ?, ?)", id, `n${id}`);
  database.run("INSERT INTO item VALUES (2, ?, 'other')", id);
}
after(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

const source = { select: "SELECT id, name FROM item WHERE box = ? AND", key: "id", values: [1] };

test("rows come in the order of the keys, once for each, with holes where there is none", () => {
  const keys = fc.array(fc.integer({ min: 0, max: 2100 }), { maxLength: 700 });
  const runs = fc
    .tuple(fc.integer({ min: 1, max: 1500 }), fc.integer({ min: 1, max: 600 }))
    .map(([first, count]) => Array.from({ length: count }, (_, index) => first + index));
  fc.assert(
    fc.property(fc.oneof(keys, runs), (wanted) => {
      const rows = rowsByKey(database, source, wanted);
      assert.equal(rows.length, wanted.length);
      wanted.forEach((id, index) => {
        const isThere = id > 0 && id <= 2000 && id % 7 !== 0;
        assert.deepEqual(rows[index] && [...rows[index]], isThere ? [id, `n${id}`] : undefined);
      });
    }),
    { numRuns: 60 },
  );
});

test("packed rows are the same rows, whatever octets they hold", () => {
  database.exec("CREATE TABLE heap (id INTEGER PRIMARY KEY, size INTEGER, a BLOB, b BLOB)");
  const held = new Map<number, [number, Uint8Array, Uint8Array]>();
  const octets = fc.uint8Array({ maxLength: 40 });
  const stored = fc.tuple(fc.maxSafeNat(), octets, octets);
  const samples = fc.sample(stored, { numRuns: 600, seed: 5 });
  for (const [index, row] of samples.entries()) {
    const id = index + Math.floor(index / 5) + 1;
    held.set(id, row);
    database.run("INSERT INTO heap VALUES (?, ?, ?, ?)", id, ...row);
  }
  const packed = [
    { name: "id", kind: "number" },
    { name: "a", kind: "octets" },
    { name: "size", kind: "number" },
    { name: "b", kind: "octets" },
  ] as const;
  const heap = { select: packedSelect("heap", packed), key: "id", values: [], packed };
  for (const wanted of [
    Array.from({ length: 720 }, (_, index) => index),
    [700, 3, 3, 650, 6],
    [6],
    [9999],
    [],
  ]) {
    const rows = rowsByKey(database, heap, wanted);
    assert.equal(rows.length, wanted.length);
    wanted.forEach((id, index) => {
      const row = held.get(id);
      const is = rows[index]?.map((value) => (value instanceof Uint8Array ? [...value] : value));
      assert.deepEqual(is, row && [id, [...row[1]], row[0], [...row[2]]]);
    });
  }
});

test("numbers come in the order of the keys; null is NaN, and so is what is missing", () => {
  database.exec("CREATE TABLE moment (id INTEGER PRIMARY KEY, ms INTEGER)");
  for (let id = 1; id <= 900; id++) {
    const ms = id % 5 === 0 ? null : id * 1_700_000_007 - 9_000_000;
    if (id % 7 !== 0) database.run("INSERT INTO moment VALUES (?, ?)", id, ms);
  }
  const moment = { table: "moment", key: "id", column: "ms" };
  for (const wanted of [
    Array.from({ length: 950 }, (_, index) => index),
    [900, 2, 2, 5, 7, 1],
    [9999],
    [],
  ]) {
    const { numbers, missing } = numbersByKey(database, moment, wanted);
    const isMissing = (id: number): boolean => id < 1 || id > 900 || id % 7 === 0;
    const expected = wanted.map((id) =>
      isMissing(id) || id % 5 === 0 ? Number.NaN : id * 1_700_000_007 - 9_000_000,
    );
    assert.deepEqual([...numbers], expected);
    const places = wanted.flatMap((id, place) => (isMissing(id) ? [place] : []));
    assert.deepEqual(
      missing.sort((a, b) => a - b),
      places,
    );
  }
});
