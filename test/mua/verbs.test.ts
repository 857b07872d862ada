import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeLatin1 } from "../../src/base/bytes.ts";
import { isMailError } from "../../src/base/errors.ts";
import { attachFile } from "../../src/mua/compose/attach-file.ts";
import { emptyLetter } from "../../src/mua/compose/letter.ts";
import type { MailSession } from "../../src/mua/session/mail-session.ts";
import {
  deleteMessages,
  flagMessages,
  saveMessages,
  transferMessages,
} from "../../src/mua/verbs/change-messages.ts";
import { listMailboxes } from "../../src/mua/verbs/list-mailboxes.ts";
import { listMessages, type ListOptions } from "../../src/mua/verbs/list-messages.ts";
import type { SummaryJson } from "../../src/mua/verbs/message-json.ts";
import { readAttachment, readOne, readRaw } from "../../src/mua/verbs/read-message.ts";
import { forwardTo, replyTo, sendLetter } from "../../src/mua/verbs/send-message.ts";
import { MailWorld } from "./mail-world.ts";

let world: MailWorld;
let session: MailSession;
let folder: string;

const PNG =
  "--b\nContent-Type: image/png; name=a.png\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\niVBORw==\n--b--\n";

before(async () => {
  world = await MailWorld.open("anna", "bert");
  folder = await mkdtemp(join(tmpdir(), "posthorn-verbs-"));
  session = world.session("anna");
  await world.deliver(
    "anna",
    "From: Zoe <zoe@a.example>\nTo: anna@us.test\nSubject: one\nDate: Fri, 02 Jan 2026 10:00:00 +0000\nMessage-ID: <1@a>\n\nfirst\n",
  );
  await world.deliver(
    "anna",
    `From: bert@us.test\nTo: anna@us.test\nSubject: two\nDate: Thu, 01 Jan 2026 10:00:00 +0000\nMessage-ID: <2@a>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsecond\n${PNG}`,
  );
  await world.deliver(
    "anna",
    "From: =?utf-8?q?J=C3=B6rg?= <j@c.example>\nSubject: =?utf-8?q?gr=C3=BC=C3=9F_=1B[2J?=\nDate: nonsense\n\nthird\n",
  );
});

after(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

async function list(change: Partial<ListOptions> = {}): Promise<SummaryJson[]> {
  const output = await listMessages(session, {
    folder: "INBOX",
    query: [],
    sort: "arrival",
    reverse: false,
    limit: undefined,
    columns: 100,
    ...change,
  });
  return (output.json as { messages: SummaryJson[] }).messages;
}

const uids = (messages: readonly { uid: number }[]): number[] => messages.map(({ uid }) => uid);

test("list: order, limit, query, JSON without controls", async () => {
  assert.deepEqual(uids(await list()), [1, 2, 3]);
  assert.deepEqual(uids(await list({ sort: "date" })), [3, 2, 1]);
  assert.deepEqual(uids(await list({ limit: 2 })), [2, 3]);
  assert.deepEqual(uids(await list({ sort: "size", reverse: true, limit: 1 })), [2]);
  assert.deepEqual(uids(await list({ query: ["from:zoe"] })), [1]);
  assert.deepEqual(uids(await list({ query: ["is:unread", "-from:zoe"] })), [2, 3]);
  const [, , third] = await list();
  assert.deepEqual(third.from, [{ name: "Jörg", address: "j@c.example" }]);
  assert.equal(third.subject, "grüß [2J");
  assert.equal(third.date, third.received, "a date nobody can read gives way to the arrival");
  await assert.rejects(list({ query: ["is:bogus"] }), /is:bogus is none of/);
  await assert.rejects(list({ folder: "Nowhere" }), (error) => isMailError(error, "refused"));
});

test("read: text, JSON, raw, one attachment; peeking leaves unread", async () => {
  const where = { folder: "INBOX", uid: "2", peek: true };
  const { text, json } = await readOne(session, { ...where, columns: 80, allFields: false });
  assert.match(text, /Subject: two\n\nsecond\n\n\[1\] a\.png {2}image\/png {2}\d+\n/);
  assert.deepEqual((json as { attachments: unknown }).attachments, [
    { number: 1, fileName: "a.png", mediaType: "image/png", sizeOctets: 5 },
  ]);
  assert.match(
    decodeLatin1(await readRaw(session, where)),
    /^From: bert@us\.test\r\n[^]*--b--\r\n$/,
  );
  assert.deepEqual([...(await readAttachment(session, where, 1))], [0x89, 0x50, 0x4e, 0x47]);
  await assert.rejects(readAttachment(session, where, 2), /no attachment 2/);
  assert.equal((await list())[1].isUnread, true);
  await readOne(session, { ...where, peek: false, columns: 80, allFields: true });
  assert.equal((await list())[1].isUnread, false);
  await assert.rejects(readRaw(session, { ...where, uid: "99" }), /no message 99/);
  await assert.rejects(readRaw(session, { ...where, uid: "x" }), /no UID/);
});

test("reply and forward: marked, quoted, copied to Sent; send tells whom it refused", async () => {
  const options = { folder: "INBOX", uid: "2", text: "thanks\n", attachments: [], keepCopy: true };
  const reply = await replyTo(session, { ...options, to: "sender", quote: true });
  assert.equal(reply.text, "sent to bert@us.test\n");
  assert.equal(reply.isComplete, true);
  assert.ok((await list())[1].flags.includes("\\Answered"));
  const forward = await forwardTo(session, {
    ...options,
    to: "bert@us.test, nobody@us.test",
    asAttachment: true,
  });
  assert.equal(forward.isComplete, false);
  assert.match(forward.text, /nobody@us\.test was refused: 550 5\.1\.1/);
  const [answer, passedOn] = await world.host.mailbox("bert");
  assert.match(answer, /In-Reply-To: <2@a>[^]*wrote:\r\n> second\r\n\r\nthanks\r\n/);
  assert.match(passedOn, /thanks\r\n[^]*Content-Type: message\/rfc822[^]*Subject: two/);
  const nobody = { ...emptyLetter("anna@us.test"), to: "nobody@us.test", text: "x" };
  await assert.rejects(
    sendLetter(session, nobody, { keepCopy: true }),
    /nothing was sent\. nobody@us\.test: 550 5\.1\.1/,
  );
  const { json } = await listMailboxes(session);
  const sent = (
    json as { mailboxes: { name: string; messages: number; use: string }[] }
  ).mailboxes.find(({ use }) => use === "sent");
  assert.equal(sent?.messages, 2);
});

test("security row 84: the same at every cut of the connection", async () => {
  const outcomes: unknown[] = [];
  for (const chunkOctets of [undefined, 1, 2, 3, 7]) {
    world.chunkOctets = chunkOctets;
    session = world.session("anna");
    const where = { folder: "INBOX", uid: "2", peek: true };
    outcomes.push([
      await list({ sort: "thread" }),
      await list({ query: ["subject:grüß"] }),
      await readOne(session, { ...where, columns: 80, allFields: true }),
      await listMailboxes(session),
    ]);
    await session.close();
  }
  world.chunkOctets = undefined;
  session = world.session("anna");
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
});

test("save, copy, move, flag, delete", async () => {
  const named = { folder: "INBOX", uids: ["1", "2:3"] };
  const mbox = join(folder, "all");
  await saveMessages(session, { ...named, target: mbox, format: undefined, attachments: false });
  assert.equal((await readFile(mbox, "latin1")).match(/^From /gm)?.length, 3);
  await assert.rejects(
    saveMessages(session, {
      ...named,
      target: join(folder, "x.eml"),
      format: undefined,
      attachments: false,
    }),
    /holds one message/,
  );
  await saveMessages(session, { ...named, target: folder, format: undefined, attachments: true });
  await saveMessages(session, {
    folder: "INBOX",
    uids: ["2"],
    target: join(folder, "md/"),
    format: undefined,
    attachments: false,
  });
  assert.deepEqual((await readdir(folder)).sort(), ["a.png", "all", "md"]);
  assert.match(
    (await readdir(join(folder, "md/cur")))[0],
    /^\d+\.M\d+R[0-9a-f]{16}\.posthorn:2,RS$/,
  );
  const nowhere = { ...named, target: join(folder, "no/such/place"), format: undefined };
  await assert.rejects(
    saveMessages(session, { ...nowhere, attachments: false }),
    /place: there is no such file or folder/,
  );
  await assert.rejects(
    saveMessages(session, { ...nowhere, attachments: true }),
    /a\.png: there is no such file or folder/,
  );
  await assert.rejects(attachFile(join(folder, "missing")), /missing: there is no such file/);
  await transferMessages(session, { folder: "INBOX", uids: ["1"] }, "copy", "Archive");
  await flagMessages(session, { folder: "INBOX", uids: ["1"] }, ["+flagged", "+$Work", "-seen"]);
  assert.deepEqual((await list())[0].flags.filter((flag) => flag !== "\\Recent").toSorted(), [
    "$Work",
    "\\Flagged",
  ]);
  await assert.rejects(flagMessages(session, named, ["flagged"]), /no change of flags/);
  await assert.rejects(flagMessages(session, named, ["+a b"]), /no change of flags/);
  await transferMessages(session, { folder: "INBOX", uids: ["2"] }, "move", "Archive");
  assert.deepEqual((await deleteMessages(session, { folder: "INBOX", uids: ["1"] })).json, {
    uids: [1],
  });
  assert.deepEqual(uids(await list()), [3]);
  assert.deepEqual(uids(await list({ folder: "Archive" })), [1, 2]);
});
