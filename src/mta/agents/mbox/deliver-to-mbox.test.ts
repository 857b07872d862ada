import { after, before, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import {
  chmod,
  link,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLatin1 } from "../../../base/bytes.ts";
import { MailError } from "../../../base/errors.ts";
import { SeededRandom } from "../../../base/testing/seeded-random.ts";
import { TestClock } from "../../../base/testing/test-clock.ts";
import type { HereVerdict } from "../here/local-outcome.ts";
import { deliverToMbox, type MboxDelivery } from "./deliver-to-mbox.ts";
import { STALE_MS } from "./dot-lock.ts";

let folder: string;
let path: string;
let clock: TestClock;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "posthorn-mbox-"));
  path = join(folder, "box");
});
beforeEach(async () => {
  clock = new TestClock(Date.UTC(2026, 2, 7, 8, 9, 10));
  await rm(path, { force: true });
});
after(() => rm(folder, { recursive: true, force: true }));

/** In chunks of `size` octets. */
async function* cut(text: string, size = 7): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  const octets = encodeLatin1(text);
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

function deliver(
  text: string | (() => AsyncIterable<Uint8Array>),
  more: Partial<Pick<MboxDelivery, "sender" | "mayMake" | "owner">> = {},
): Promise<HereVerdict> {
  return deliverToMbox(
    {
      path,
      sender: "anna@us.test",
      nowMs: clock.nowMs(),
      lines: typeof text === "string" ? () => cut(text) : text,
      owner: undefined,
      mayMake: true,
      ...more,
    },
    { clock, random: new SeededRandom(1) },
  );
}

test("mta 35: a From_ line, From lines quoted as mboxrd, an empty line behind", async () => {
  const first = await deliver("Subject: x\n\nFrom me\n>From you\nfrom\n>> From\nFromage\nFrom");
  assert.equal(first.kind, "delivered");
  await deliver("Subject: y\n\nb\n", { sender: "" });
  assert.equal(
    await readFile(path, "latin1"),
    "From anna@us.test Sat Mar  7 08:09:10 2026\n" +
      "Subject: x\n\n>From me\n>>From you\nfrom\n>> From\nFromage\nFrom\n\n" +
      "From MAILER-DAEMON Sat Mar  7 08:09:10 2026\nSubject: y\n\nb\n\n",
  );
});

test("From lines are quoted wherever the octets are cut", async () => {
  const text = "From a\n>>From b\n>From\nFrom \n";
  for (let size = 1; size <= text.length; size++) {
    await rm(path, { force: true });
    await deliver(() => cut(text, size));
    const [, ...lines] = (await readFile(path, "latin1")).split("\n");
    assert.deepEqual(lines, [">From a", ">>>From b", ">From", ">From ", "", ""], `cut at ${size}`);
  }
});

test("mta 35: whatever goes wrong, the file is cut back to what it was", async () => {
  await writeFile(path, "From old\n\nold\n\n");
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield encodeLatin1("Subject: half");
    await Promise.resolve();
    throw new MailError("disk-failed", "the disk failed");
  };
  assert.equal((await deliver(failing)).status, "4.3.0");
  assert.equal(await readFile(path, "latin1"), "From old\n\nold\n\n");
  await assert.rejects(readFile(`${path}.lock`));
});

test("what another program has left without its line end gets one", async () => {
  for (const [left, completed] of [
    ["From x\n\nold", "From x\n\nold\n\n"],
    ["From x\n\nold\n", "From x\n\nold\n\n"],
  ]) {
    await writeFile(path, left);
    await deliver("a\n");
    assert.ok((await readFile(path, "latin1")).startsWith(`${completed}From anna`), left);
  }
});

test("mta 35: another program's lock is waited for; one that is stale is taken away", async () => {
  await writeFile(`${path}.lock`, "");
  const now = new Date(clock.nowMs());
  await utimes(`${path}.lock`, now, now);
  let verdict: HereVerdict | undefined;
  const waiting = deliver("a\n").then((it) => (verdict = it));
  const look = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
  for (let n = 0; n < 6; n++) {
    await look();
    await clock.advance(500, look);
  }
  assert.equal(verdict, undefined);
  await unlink(`${path}.lock`);
  while (verdict === undefined) {
    await look();
    await clock.advance(500, look);
  }
  await waiting;
  assert.equal((verdict as HereVerdict).kind, "delivered");

  await writeFile(`${path}.lock`, "");
  const old = new Date(clock.nowMs() - STALE_MS - 1000);
  await utimes(`${path}.lock`, old, old);
  assert.equal((await deliver("b\n")).kind, "delivered");
  await assert.rejects(readFile(`${path}.lock`));
});

test("deliveries at the same time follow each other", async () => {
  const texts = Array.from({ length: 20 }, (_, n) => `Subject: ${n}\n\n${"x".repeat(5000)}\n`);
  const verdicts = await Promise.all(texts.map((text) => deliver(text)));
  assert.ok(verdicts.every(({ kind }) => kind === "delivered"));
  const content = await readFile(path, "latin1");
  for (const text of texts) assert.ok(content.includes(`2026\n${text}\n`));
});

test("a link, a file of several names, a folder: nothing is written", async () => {
  const other = join(folder, "other");
  await writeFile(other, "");
  await symlink(other, path);
  assert.equal((await deliver("a\n")).kind, "deferred");
  await unlink(path);
  await link(other, path);
  assert.equal((await deliver("a\n")).status, "4.3.5");
  assert.equal(await readFile(other, "latin1"), "");
  await rm(other);
});

test("where a missing file is an unknown user, none is made", async () => {
  assert.deepEqual(await deliver("a\n", { mayMake: false }), {
    kind: "failed",
    status: "5.1.1",
    problem: "There is no such user here.",
  });
  await writeFile(path, "");
  await chmod(path, 0o600);
  assert.equal((await deliver("a\n", { mayMake: false })).kind, "delivered");
});

test("another user's file is not written to, nor made that user's because it is empty", async () => {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  for (const content of ["", "From x\n\nold\n\n"]) {
    await writeFile(path, content);
    const verdict = await deliver("new\n", { owner: { uid: uid + 1, gid } });
    assert.equal(`${verdict.kind} ${verdict.status}`, "deferred 4.3.5");
    assert.equal(await readFile(path, "latin1"), content);
    assert.equal((await stat(path)).uid, uid);
    assert.equal((await deliver("new\n", { owner: { uid, gid } })).kind, "delivered");
  }
});
