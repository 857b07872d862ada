import { test } from "node:test";
import assert from "node:assert/strict";
import type { CommandEnd, CommandRun } from "../base/commands.ts";
import { SystemCommands } from "./system-commands.ts";
import { systemClock } from "./system-clock.ts";

const commands = new SystemCommands(systemClock);

async function* input(text: string, times = 1): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let n = 0; n < times; n++) yield new TextEncoder().encode(text);
}

/** A script, with `$1` and so on. */
function run(script: string, more: Partial<CommandRun> = {}): Promise<CommandEnd> {
  return commands.run({
    words: ["/bin/sh", "-c", script],
    environment: { PATH: "/usr/bin:/bin" },
    user: undefined,
    timeoutMs: 20_000,
    memoryOctets: 0,
    input: input("hello\n"),
    ...more,
  });
}

test("standard input, arguments, environment, exit code, output", async () => {
  const end = await run('read -r line; echo "$line $WORD $0"; exit 67', {
    words: ["/bin/sh", "-c", 'read -r line; echo "$line $WORD $0"; exit 67', "$(id) 'x"],
    environment: { PATH: "/usr/bin:/bin", WORD: "word" },
  });
  const expected = { exitCode: 67, signal: undefined, hasTimedOut: false };
  assert.deepEqual(end, { ...expected, output: "hello word $(id) 'x\n" });
});

test("a program that does not read its input is no failure, however long that is", async () => {
  const end = await run("exit 0", { input: input("x".repeat(65_536), 100) });
  assert.equal(end.exitCode, 0);
});

test("the time is up: the whole group is ended", async () => {
  const end = await run("sleep 300 & echo $!; sleep 300", { timeoutMs: 2000 });
  assert.equal(end.hasTimedOut, true);
  const [child] = end.output.split("\n");
  assert.match(child, /^\d+$/);
  let state = "R";
  for (let tries = 0; !/^(?:Z\n)?$/.test(state); tries++) {
    assert.ok(tries < 200, `the child is in state ${state}`);
    if (tries > 0) await systemClock.sleep(50);
    state = (await run(`cat /proc/${child}/stat 2>/dev/null | cut -d' ' -f3`)).output;
  }
});

test("what stays in the background is ended with it, and not waited for", async () => {
  const begunMs = systemClock.monotonicMs();
  const end = await run("sleep 300 & echo done");
  assert.equal(end.exitCode, 0);
  assert.ok(systemClock.monotonicMs() - begunMs < 15_000);
});

test("output without end is cut off, and hurts nobody", async () => {
  const end = await run("head -c 5000000 /dev/zero | tr '\\0' x; exit 0");
  assert.equal(end.exitCode, 0);
  assert.ok(end.output.length <= 8192);
});

test("memory is bounded", async () => {
  const script = 'x=$(head -c 300000000 /dev/zero | tr "\\0" x); echo "${#x}"';
  const end = await run(script, { memoryOctets: 50_000_000 });
  assert.notEqual(end.output.trim(), "300000000");
});

test("a program that is not there: refused, with its name", async () => {
  await assert.rejects(run("", { words: ["/nowhere/x"] }), {
    code: "refused",
    message: /nowhere/,
  });
});

test("another user, and no groups of ours", { skip: commands.ownUid !== 0 }, async () => {
  const end = await run("id -u; id -g; id -G", { user: { uid: 65_534, gid: 65_534 } });
  assert.equal(end.output, "65534\n65534\n65534\n");
});

test("a message that cannot be read ends the program and is the caller's to know", async () => {
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode("half");
    await Promise.resolve();
    throw new Error("the disk failed");
  };
  await assert.rejects(run("cat > /dev/null", { input: failing() }), /the disk failed/);
});
