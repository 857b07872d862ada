import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { makeTempFolder } from "../testing/temp-folder.ts";
import { readColumns, writeColumns } from "./columns-file.ts";
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
  const checksums = await writeColumns(path, 7, written);
  await assert.rejects(writeColumns(path, 7, written), { code: "EEXIST" });
  const wanted = { mailboxId: 7, messages: MESSAGES, checksums };
  const read = await readColumns(path, wanted);
  assert.deepEqual(
    read?.arrays.map((column) => column.slice(0, MESSAGES)),
    written,
  );
  assert.equal(read?.indexOfUid(6), 1);

  assert.equal(await readColumns(path, { ...wanted, mailboxId: 8 }), undefined);
  assert.equal(await readColumns(path, { ...wanted, messages: MESSAGES - 1 }), undefined);
  assert.equal(await readColumns(path, { ...wanted, checksums: checksums.slice(4) }), undefined);
  assert.equal(await readColumns(join(folder, "b.col"), wanted), undefined);

  const good = readFileSync(path);
  for (let at = 0; at < good.length; at++) {
    const bad = new Uint8Array(good);
    bad[at] ^= 0x80;
    // Four words further is the same sum again: two flips must not make up for each other.
    if (at % 2 === 0 && at + 16 < good.length) bad[at + 16] ^= 0x80;
    writeFileSync(path, bad);
    assert.equal(await readColumns(path, wanted), undefined, `octet ${at}`);
  }
});
