import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLatin1 } from "../../../base/bytes.ts";
import { MailError } from "../../../base/errors.ts";
import { SeededRandom } from "../../../base/testing/seeded-random.ts";
import type { HereVerdict } from "../here/local-outcome.ts";
import { deliverToMaildir, type MaildirDelivery } from "./deliver-to-maildir.ts";

let folder: string;
const random = new SeededRandom(1);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "posthorn-maildir-"));
});
after(() => rm(folder, { recursive: true, force: true }));

async function* text(words: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield encodeLatin1(words);
}

function deliver(name: string, more: Partial<MaildirDelivery> = {}): Promise<HereVerdict> {
  return deliverToMaildir(
    {
      path: join(folder, name),
      nowMs: 1_700_000_000_123,
      hostname: "mx.us.test",
      lines: () => text("Subject: x\n\nhello\n"),
      owner: undefined,
      mayMake: true,
      subfolder: undefined,
      ...more,
    },
    { random },
  );
}

test("mta 35: whole in new, nothing left in tmp, names that never meet", async () => {
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => deliver("a")));
  assert.ok(verdicts.every(({ kind }) => kind === "delivered"));
  const names = await readdir(join(folder, "a", "new"));
  assert.equal(names.length, 20);
  for (const name of names) {
    assert.match(name, /^1700000000\.M123000R[0-9a-f]{16}\.mx\.us\.test,S=18$/);
    assert.equal(await readFile(join(folder, "a", "new", name), "latin1"), "Subject: x\n\nhello\n");
  }
  assert.deepEqual(await readdir(join(folder, "a", "tmp")), []);
});

test("mta 35: a failure leaves nothing behind", async () => {
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield encodeLatin1("half");
    await Promise.resolve();
    throw new MailError("disk-failed", "the disk failed");
  };
  const verdict = await deliver("b", { lines: failing });
  assert.equal(`${verdict.kind} ${verdict.status}`, "deferred 4.3.0");
  assert.deepEqual(await readdir(join(folder, "b", "tmp")), []);
  assert.deepEqual(await readdir(join(folder, "b", "new")), []);
});

test("a folder that lacks its three is told as what it is, and waits", async () => {
  await mkdir(join(folder, "bare"));
  assert.deepEqual(await deliver("bare", { mayMake: false }), {
    kind: "deferred",
    status: "4.3.0",
    problem: `${join(folder, "bare")} is no Maildir: a Maildir needs the folders tmp, new and cur.`,
  });
});

test("a detail goes into its subfolder where there is one, and never makes or leaves a folder", async () => {
  for (const name of ["new", "tmp", "cur"]) {
    await mkdir(join(folder, "c", ".shop", name), { recursive: true });
  }
  await mkdir(join(folder, "c", "new"), { recursive: true });
  await deliver("c", { subfolder: "shop", mayMake: false });
  assert.equal((await readdir(join(folder, "c", ".shop", "new"))).length, 1);
  await deliver("d");
  for (const subfolder of ["none", "../c", ".", "a.b"]) await deliver("d", { subfolder });
  assert.equal((await readdir(join(folder, "d", "new"))).length, 5);
  assert.deepEqual((await readdir(join(folder, "d"))).toSorted(), ["cur", "new", "tmp"]);
});

test("where a missing Maildir is an unknown user, none is made", async () => {
  const verdict = await deliver("nobody", { mayMake: false });
  assert.equal(`${verdict.kind} ${verdict.status}`, "failed 5.1.1");
  await assert.rejects(readdir(join(folder, "nobody")));
});

test("for another user only the user's own folders are written to, and no links are followed", async () => {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  await deliver("e");
  const foreign = await deliver("e", { owner: { uid: uid + 1, gid } });
  assert.match(foreign.problem, /\/e\/tmp belongs to another user/);
  const own = await deliver("e", { owner: { uid, gid } });
  assert.equal(own.kind, "delivered");
  for (const name of ["tmp", "new"]) {
    await deliver("elsewhere");
    await rename(join(folder, "e", name), join(folder, "e", `old-${name}`));
    await symlink(join(folder, "elsewhere", name), join(folder, "e", name));
    const linked = await deliver("e", { owner: { uid, gid } });
    assert.equal(linked.kind, "deferred");
    assert.match(linked.problem, new RegExp(`/e/${name} is not a folder`));
    await rm(join(folder, "e", name));
    await rename(join(folder, "e", `old-${name}`), join(folder, "e", name));
  }
  assert.equal((await readdir(join(folder, "e", "new"))).length, 2);
});
