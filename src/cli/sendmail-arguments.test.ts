import { test } from "node:test";
import assert from "node:assert/strict";
import { parseSendmailArguments, type SendmailRequest } from "./sendmail-arguments.ts";

const PLAIN: SendmailRequest = {
  mode: "deliver",
  recipients: [],
  takesHeaderRecipients: false,
  ignoresDots: false,
  sender: undefined,
  fullName: undefined,
};

test("sendmail's words as programs of all ages write them", () => {
  const rows: [string, Partial<SendmailRequest>][] = [
    ["-t", { takesHeaderRecipients: true }],
    ["-t -i", { takesHeaderRecipients: true, ignoresDots: true }],
    ["-ti", { takesHeaderRecipients: true, ignoresDots: true }],
    ["-oi -t", { takesHeaderRecipients: true, ignoresDots: true }],
    ["-o i -om", { ignoresDots: true }],
    ["-f a@b.example c@d.example", { sender: "a@b.example", recipients: ["c@d.example"] }],
    ["-fa@b.example", { sender: "a@b.example" }],
    ["-f <>", { sender: "" }],
    [
      "-r a@b.example -F Cron -odb -oem -oeq x",
      { sender: "a@b.example", fullName: "Cron", recipients: ["x"] },
    ],
    [
      "-FCronDaemon -i -B8BITMIME root",
      { fullName: "CronDaemon", ignoresDots: true, recipients: ["root"] },
    ],
    ["-N failure,delay -R hdrs -V id x", { recipients: ["x"] }],
    ["-bm -v -- -odd", { recipients: ["-odd"] }],
    ["-bs", { mode: "smtp" }],
    ["-bp", { mode: "queue" }],
    ["-bi", { mode: "aliases" }],
    ["-q", { mode: "flush" }],
    ["-q15m", { mode: "flush" }],
  ];
  for (const [line, change] of rows) {
    const parsed = parseSendmailArguments(line.split(" "));
    assert.deepEqual(parsed.ok && parsed.value, { ...PLAIN, ...change }, line);
  }
});

test("what this sendmail does not do is refused", () => {
  for (const line of ["-bd", "-bt", "-f", "-Z", "-tZ"]) {
    assert.equal(parseSendmailArguments(line.split(" ")).ok, false, line);
  }
});
