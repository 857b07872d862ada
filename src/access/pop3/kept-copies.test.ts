import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../net/system-clock.ts";
import { Pop3Probe } from "../../../test/pop3/pop3-probe.ts";
import {
  ADDRESS,
  file,
  mailboxNamed,
  PASSWORD,
  startPop3World,
  uidsIn,
} from "../../../test/pop3/pop3-world.ts";

const KEPT = "POP3 Deleted";
const letter = (name: string): string => `Subject: ${name}\r\n\r\n${name}\r\n`;

test("what a POP3 client deletes is out of the maildrop, and kept for its days where IMAP shows it", async () => {
  let laterMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };
  const world = await startPop3World({ clock, keepPolicy: () => ({ days: 7, mailbox: KEPT }) });
  const session = async (commands: readonly string[], name = ADDRESS): Promise<string> => {
    const probe = await Pop3Probe.open(world.clearPort);
    assert.match(await probe.login(name, PASSWORD), /^\+OK/);
    for (const command of commands) assert.match(await probe.ask(command), /^\+OK/, command);
    const stat = await probe.ask("STAT");
    assert.match(await probe.ask("QUIT"), /^\+OK/);
    await probe.close();
    return stat;
  };
  try {
    await file(world, ["one", "two", "three"].map(letter));
    await session(["DELE 1", "DELE 3"]);
    assert.match(await session([]), /^\+OK 1 /);
    assert.equal((await uidsIn(world, KEPT)).length, 2);
    laterMs = 6 * 86_400_000;
    await session([]);
    assert.equal((await uidsIn(world, KEPT)).length, 2);
    // Deleted there, it is gone for good.
    await session(["DELE 1"], ADDRESS.replace("@", `+${KEPT}@`));
    assert.equal((await uidsIn(world, KEPT)).length, 1);
    laterMs = 8 * 86_400_000;
    await session([]);
    assert.equal((await uidsIn(world, KEPT)).length, 0);
    assert.equal((await uidsIn(world, "INBOX")).length, 1);
    assert.deepEqual(await world.store.check(), []);
    assert.ok(await mailboxNamed(world, KEPT));
  } finally {
    await world.close();
  }
});
