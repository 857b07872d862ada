import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryTerminal } from "../../src/mua/testing/memory-terminal.ts";
import { runLineMode } from "../../src/mua/line-mode/line-mode.ts";
import { MailWorld } from "./mail-world.ts";

let world: MailWorld;
let folder: string;
let users = 0;

before(async () => {
  world = await MailWorld.open(
    "anna",
    "bob",
    "u1",
    "u2",
    "u3",
    "u4",
    "u5",
    "u6",
    "u7",
    "u8",
    "u9",
    "u10",
    "u11",
  );
  folder = await mkdtemp(join(tmpdir(), "posthorn-mua-"));
});

after(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const MESSAGES = [
  "From: Zoe <zoe@a.example>\nTo: Me <u@us.test>\nSubject: Zeta\nDate: Fri, 02 Jan 2026 10:00:00 +0000\nMessage-ID: <1@a>\n\nfirst text\n",
  "From: Bert <bert@b.example>\nTo: u@us.test\nSubject: Re: Alpha\nDate: Thu, 01 Jan 2026 10:00:00 +0000\nMessage-ID: <2@a>\nReferences: <3@a>\n\nsecond text\n",
  "From: =?utf-8?q?J=C3=B6rg?= <joerg@c.example>\nTo: u@us.test\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nDate: Sat, 03 Jan 2026 10:00:00 +0000\nMessage-ID: <3@a>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nthird text\n--b\nContent-Type: text/plain; name=../../note.txt\nContent-Disposition: attachment\n\nattached\n--b--\n",
];

/** A mailbox of three messages for a user of its own, and a run of line mode on it. */
async function run(
  lines: string[],
  options: { isInteractive?: boolean; messages?: string[]; user?: string } = {},
): Promise<MemoryTerminal & { code: number; user: string }> {
  const user = options.user ?? `u${++users}`;
  if (options.user === undefined)
    for (const message of options.messages ?? MESSAGES)
      await world.deliver(user, message.replaceAll("u@us.test", `${user}@us.test`));
  const terminal = new MemoryTerminal(lines, options);
  const code = await runLineMode(world.session(user), terminal, { folder: "INBOX" });
  return Object.assign(terminal, { code, user });
}

test("lists, reads, moves on, and marks as read", async () => {
  const first = await run(["", "", "3", "h"]);
  assert.equal(first.problems, "");
  const [heading, ...list] = first.output.split("\n");
  assert.equal(heading, '"INBOX": 3 messages, 3 unread');
  assert.match(list[0], /^>[NU]   1 Zoe {18}2026-01-0\d \d\d:00 +\d+  Zeta$/);
  assert.match(list[2], /^ [NU]   3 Jörg .* Grüße$/);
  assert.match(
    first.output,
    /Message 1:\nDate: .*\nFrom: Zoe <zoe@a\.example>\nTo: Me <u\d+@us\.test>\nSubject: Zeta\n\nfirst text\n/,
  );
  assert.match(first.output, /Message 2:[^]*second text/);
  assert.match(first.output, /Message 3:[^]*third text\n\n\[1\] note\.txt  text\/plain  \d+\n/);
  assert.match(first.output, /\n>    3 Jörg /);
  assert.equal(first.code, 0);
  const second = await run(["from :u", "from :r"], { user: first.user });
  assert.match(second.output, /"INBOX": 3 messages, 0 unread/);
  assert.match(second.problems, /no such message: :u/);
  assert.equal(second.code, 1);
});

test("message lists: numbers, ranges, places, names, subjects, states", async () => {
  const rows: [string, string][] = [
    ["2", "2"],
    ["1-2", "1 2"],
    ["1 3", "1 3"],
    ["$", "3"],
    ["^", "1"],
    ["*", "1 2 3"],
    ["bert", "2"],
    ["zoe@a.example", "1"],
    ["/alpha", "2"],
    ["/Grüße", "3"],
    ["+", "2"],
    [".", "1"],
    [":u", "1 2 3"],
    ["2 bert", "2"],
    ["`", "1 2"],
  ];
  const lines = rows.flatMap(([words], index) => [
    ...(words === "`" ? ["size 1-2"] : []),
    `echo -- ${index}`,
    `size ${words}`,
  ]);
  const { output, problems } = await run(lines);
  assert.equal(problems, "");
  rows.forEach(([words, numbers], index) => {
    const part = output.split(`-- ${index}\n`)[1].split("--")[0];
    const found = [...part.matchAll(/^(\d+): \d+$/gm)]
      .map((match) => match[1])
      .slice(0, numbers.split(" ").length);
    assert.equal(found.join(" "), numbers, words);
  });
});

test("deletes at quit, takes back, and keeps everything at exit", async () => {
  const first = await run(["d 1-2", "u 2", "h", "x"]);
  assert.doesNotMatch(first.output.split("\n").slice(4).join("\n"), /Zeta/);
  const second = await run(["d 1 3", "d 9", "u 1", "p 1", "d", "q"], { user: first.user });
  assert.match(second.output, /^"INBOX": 3 messages/);
  assert.match(second.problems, /9: there is no such message/);
  assert.match(second.output, /2 messages removed/);
  const third = await run(["h"], { user: first.user });
  assert.match(third.output, /"INBOX": 1 message, 1 unread\n>[NU]   1 Bert/);
});

test("sorts by each key and by conversation; numbers stay", async () => {
  const { output, problems } = await run([
    "sort date",
    "next",
    "sort subject",
    "sort from reverse",
    "thread",
    "unsort",
    "sort bogus",
  ]);
  const orders = output
    .split("\n")
    .filter((line) => /^[> ][NUA ] +\d /.test(line))
    .map((line) => /(\d) /.exec(line)?.[1] ?? "");
  assert.deepEqual(orders.slice(3).join("").match(/.{3}/g), ["213", "231", "132", "321", "123"]);
  assert.match(output, / {2}Re: Alpha/, "indented under the message it answers");
  assert.match(problems, /sort by one of arrival date from/);
});

test("saves to mbox, .eml, Maildir and mailboxes; writes attachments under safe names", async () => {
  const mbox = join(folder, "kept");
  const { output, problems, user } = await run([
    `save 1-2 ${mbox}`,
    `copy 3 ${join(folder, "one.eml")}`,
    `copy 3 ${join(folder, "one.eml")}`,
    `save * ${join(folder, "md")}/`,
    "mkdir Kept",
    "copy 1 +Kept",
    "move 2 Kept",
    `write 3 ${folder}`,
    `write 3 1 ${folder}`,
    `write 1 ${folder}`,
    "folder Kept",
    "folder #",
    "folders",
  ]);
  const text = await readFile(mbox, "utf8");
  assert.match(text, /^From zoe@a\.example \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\nFrom: Zoe/);
  assert.equal(text.match(/^From /gm)?.length, 2);
  assert.match(
    await readFile(join(folder, "one.eml"), "utf8"),
    /^From: =\?utf-8\?q\?J=C3=B6rg\?= <joerg@c\.example>\r\n/,
  );
  assert.equal(
    (await readdir(join(folder, "md", "new"))).length +
      (await readdir(join(folder, "md", "cur"))).length,
    3,
  );
  assert.match(await readFile(join(folder, "note.txt"), "utf8"), /^attached/);
  assert.match(await readFile(join(folder, "note (2).txt"), "utf8"), /^attached/);
  assert.match(problems, /one\.eml exists already\nno such attachment\n/);
  assert.match(output, /"Kept": 2 messages, \d unread/);
  assert.match(output, /"INBOX": 2 messages/);
  assert.match(output, /^Kept +2 messages/m);
  assert.equal((await run(["x"], { user })).code, 0);
});

test("writes, answers and forwards; copies go to Sent, the answered one is marked", async () => {
  const { output, problems, user } = await run(
    [
      "mail anna@us.test",
      "Hello",
      "I am",
      "~~well",
      "~s Hi",
      ".",
      "reply 3",
      "yes",
      "~.",
      "Reply 1",
      "~x",
      "forward 3 bob@us.test",
      ".",
      "Forward 1 bob@us.test",
      ".",
      "h",
      "folder Sent",
    ],
    {
      isInteractive: true,
      messages: [...MESSAGES.slice(0, 2), MESSAGES[2].replace("joerg@c.example", "bob@us.test")],
    },
  );
  assert.equal(problems, "");
  assert.match(output, /sent to anna@us\.test\n/);
  assert.match(output, /To: Jörg <bob@us\.test>\nSubject: Re: Grüße\n/);
  assert.match(output, / A   3 Jörg/);
  assert.match(output, /"Sent": 4 messages, 0 unread/);
  const [first] = await world.host.mailbox("anna");
  assert.match(
    first,
    /From: \w+ <u\d@us\.test>\r\nTo: anna@us\.test\r\n[^]*Subject: Hi\r\n[^]*\r\n\r\nI am\r\n~well\r\n/,
  );
  const inbox = await world.host.mailbox("bob");
  assert.match(inbox[0], /In-Reply-To: <3@a>\r\nReferences: <3@a>\r\n/);
  assert.match(inbox[0], /=C3=B6rg wrote:\r\n> third text\r\nyes\r\n/);
  assert.match(inbox[1], /third text[^]*filename="?note\.txt/);
  assert.match(inbox[2], /Content-Type: message\/rfc822[^]*Subject: Zeta/);
  assert.equal((await run(["x"], { user })).code, 0);
});

test("a refused recipient is named, and the text is not lost", async () => {
  const before = process.env.DEAD;
  process.env.DEAD = join(folder, "dead.letter");
  try {
    const { problems, code } = await run(["mail nobody@us.test", "precious", ".", "x"], {
      messages: [],
    });
    assert.match(problems, /nobody@us\.test was refused: 550 5\.1\.1/);
    assert.match(problems, /the text is kept in .*dead\.letter/);
    assert.equal(await readFile(process.env.DEAD, "utf8"), "precious\n");
    assert.equal(code, 1);
  } finally {
    if (before === undefined) delete process.env.DEAD;
    else process.env.DEAD = before;
  }
});

test("pipes messages, searches, flags; wrong commands are named and the rest goes on", async () => {
  const { output, problems, commands, code } = await run([
    "frobnicate",
    '| 1 "wc -l"',
    "search from:zoe",
    "search -from:zoe larger:1",
    "search is:bogus",
    "flag 2",
    "from :f",
    "unread 1",
    "set screen=2",
    "h",
    "z",
    "set bogus",
    "top 3",
    "=",
  ]);
  assert.match(problems, /frobnicate: there is no such command/);
  assert.match(problems, /is:bogus is none of/);
  assert.match(problems, /bogus: there is no such setting/);
  assert.equal(commands[0].command, "wc -l");
  assert.match(commands[0].input, /^From: Zoe <zoe@a\.example>\r\n/);
  assert.match(output, /F? +2 Bert/);
  assert.match(output, /Message 3:\n[^]*third text/);
  assert.match(output, /\n3\n$/);
  assert.equal(code, 1);
});

test("new mail is found; a connection that breaks is taken up again, numbers and marks kept", async () => {
  const user = `u${++users}`;
  await world.deliver(user, MESSAGES[0]);
  await world.deliver(user, MESSAGES[1]);
  const terminal = new MemoryTerminal([]);
  const steps: (() => Promise<string | undefined>)[] = [
    async () => "d 1",
    async () => {
      await world.deliver(user, MESSAGES[2]);
      return "newmail";
    },
    async () => {
      world.imapChannels.at(-1)?.abort();
      return "p 3";
    },
    async () => "p 3",
    async () => "q",
  ];
  terminal.readLine = async () => steps.shift()?.();
  await runLineMode(world.session(user), terminal, { folder: "INBOX" });
  assert.match(terminal.output, /1 new message\n [NU]   3 Jörg/);
  assert.match(terminal.problems, /connected again/);
  assert.match(terminal.output, /Message 3:[^]*third text/);
  assert.match(terminal.output, /1 message removed/);
  assert.equal((await world.host.mailbox(user)).length, 2);
});

test("security row 76: nothing in a message reaches the terminal as a control, in any view", async () => {
  const hostile =
    'From: =?utf-8?q?x=1B]0;title=07?= <\u001b[2Ja@a.example>\nSubject: a\u001b[31m\u009b1m\u202e\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n\u001b[H\u0007boo\n--b\nContent-Type: x/y; name="a\u001b]52;c;x\u0007.txt"\n\nz\n--b--\n';
  const { output, problems } = await run(
    ["p", "P", "top", "Show", "h", "size", "search boo", "folders"],
    { messages: [hostile] },
  );
  assert.doesNotMatch(output + problems, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});
