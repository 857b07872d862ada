import { test } from "node:test";
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopyJournal } from "./copy-journal.ts";

test("what was noted is known again, a line that a crash cut off is not", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-journal-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const first = await CopyJournal.open(folder, "key", false);
  await first.begin("INBOX", 1, 2, "INBOX");
  await first.copied("INBOX", [{ from: 7, to: 8, flags: "\\Seen" }]);
  await first.copied("INBOX", [{ from: 7, to: 8, flags: "" }]);
  await first.seen("INBOX", 99);
  await first.close();
  const [name] = await readdir(join(folder, "transfers"));
  const path = join(folder, "transfers", name);
  await appendFile(path, '{"b":"INBOX","m":[[9,1');

  const second = await CopyJournal.open(folder, "key", false);
  const state = second.mailbox("INBOX", 1, 2, "INBOX");
  assert.deepEqual([...(state?.messages ?? [])], [[7, { from: 7, to: 8, flags: "" }]]);
  assert.equal(state?.modSeq, 99);
  assert.equal(second.mailbox("INBOX", 3, 2, "INBOX"), undefined, "another UIDVALIDITY there");
  assert.equal(second.mailbox("INBOX", 1, 3, "INBOX"), undefined, "another UIDVALIDITY here");
  assert.equal(second.mailbox("INBOX", 1, 2, "Other"), undefined);
  assert.equal((await readFile(path, "utf8")).split("\n").length, 4, "written anew, in short");
  await second.close();
});

test("two copies of the same mail do not run at once; a dead one's lock is taken away", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-journal-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const one = await CopyJournal.open(folder, "key", false);
  const [name] = (await readdir(join(folder, "transfers"))).filter((it) => it.endsWith(".lock"));
  const lock = join(folder, "transfers", name);
  await writeFile(lock, "1");
  await assert.rejects(CopyJournal.open(folder, "key", false), /running already \(process 1\)/);
  await writeFile(lock, "999999999");
  const two = await CopyJournal.open(folder, "key", false);
  await two.close();
  await one.close();
});
