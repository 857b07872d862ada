import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { makeTempFolder } from "../testing/temp-folder.ts";
import { ColumnsFile, writeColumns, type WantedColumns } from "./columns-file.ts";
import type { Column } from "./column-changes.ts";
import { MailboxColumns } from "./mailbox-columns.ts";

const MESSAGES = 13;

test("columns are read as they were written, and nothing that differs from them in any octet", async (t) => {
  const folder = makeTempFolder("columns-file");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "a.col");
  const columns = new MailboxColumns();
  for (let uid = 1; uid <= MESSAGES; uid++) {
    columns.add(
      [uid * 3, uid & 31, 2 ** 31 + uid, uid * 10, uid * 1e12, -uid, uid * 3, 2 ** 52 + uid],
      uid * 5,
    );
  }
  const written = columns.arrays.map((column) => column.slice(0, MESSAGES));
  const checksums = (await writeColumns(path, 7, columns)) ?? assert.fail("not written");
  await assert.rejects(writeColumns(path, 7, columns), { code: "EEXIST" });
  const wanted = { mailboxId: 7, messages: MESSAGES, checksums };
  assert.deepEqual(await readAll(path, wanted), written);

  assert.equal(await readAll(path, { ...wanted, mailboxId: 8 }), undefined);
  assert.equal(await readAll(path, { ...wanted, messages: MESSAGES - 1 }), undefined);
  assert.equal(await readAll(path, { ...wanted, checksums: checksums.slice(4) }), undefined);
  assert.equal(await readAll(join(folder, "b.col"), wanted), undefined);

  const good = readFileSync(path);
  for (let at = 0; at < good.length; at++) {
    const bad = new Uint8Array(good);
    bad[at] ^= 0x80;
    // Four words further is the same sum again: two flips must not make up for each other.
    if (at % 2 === 0 && at + 16 < good.length) bad[at + 16] ^= 0x80;
    writeFileSync(path, bad);
    assert.equal(await readAll(path, wanted), undefined, `octet ${at}`);
  }
});

test("columns that are all zero take no room, and UIDs only what their gaps take", async (t) => {
  const folder = makeTempFolder("columns-file");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const columns = new MailboxColumns();
  for (let uid = 1; uid <= 1000; uid++) columns.add([uid, 0, 0, uid, 0, 0, uid, 0], 0);
  columns.remove([500, 500]);
  const path = join(folder, "a.col");
  const checksums = (await writeColumns(path, 7, columns)) ?? assert.fail("not written");
  // Head, two runs, messageIds and sizes.
  assert.equal(statSync(path).size, 20 + 16 + 999 * 12);
  assert.deepEqual(
    await readAll(path, { mailboxId: 7, messages: 999, checksums }),
    columns.arrays.map((column) => column.slice(0, 999)),
  );
});

test("flags may change while columns are written, but not which messages there are", async (t) => {
  const folder = makeTempFolder("columns-file");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const columns = new MailboxColumns();
  for (let uid = 1; uid <= 10; uid++) columns.add([uid, uid, 0, uid, uid, 0, uid, 0], uid);
  const flagged = writeColumns(join(folder, "a.col"), 7, columns);
  columns.setFlags([3, 4, 0], 11);
  columns.add([11, 1, 1, 1, 1, 1, 1, 1], 12);
  const checksums = (await flagged) ?? assert.fail("not written");
  assert.ok(await readAll(join(folder, "a.col"), { mailboxId: 7, messages: 10, checksums }));
  const shortened = writeColumns(join(folder, "b.col"), 7, columns);
  columns.remove([5, 5]);
  assert.equal(await shortened, undefined);
});

/** All columns, both ways; undefined if any of them is not what was written. */
async function readAll(path: string, wanted: WantedColumns): Promise<Column[] | undefined> {
  const file = await ColumnsFile.open(path, wanted);
  if (file === undefined) return undefined;
  const columns: Column[] = [];
  for (const [index, blank] of new MailboxColumns().arrays.entries()) {
    const kind = blank instanceof Uint32Array ? Uint32Array : Float64Array;
    const [column, now] = [new kind(wanted.messages), new kind(wanted.messages)];
    const isIntact = await file.read(index, column);
    assert.equal(file.readNow(index, now), isIntact);
    if (!isIntact) return undefined;
    assert.deepEqual(now, column);
    columns.push(column);
  }
  return columns;
}
