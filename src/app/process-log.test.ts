import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { MailError } from "../base/errors.ts";
import { logTo, textSink } from "./process-log.ts";
import { makePassword } from "./password-maker.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";

function linesOf(write: (log: ReturnType<typeof logTo>) => void): string[] {
  const lines: string[] = [];
  write(
    logTo(
      textSink((line) => lines.push(line)),
      "debug",
    ),
  );
  return lines;
}

test("log: below the level nothing is written, and the level can change", () => {
  const lines = linesOf((log) => {
    log.setLevel("warn");
    log.info("a.quiet");
    log.child({ session: "x" }).warn("b.loud", { count: 2 });
    log.setLevel("info");
    log.info("c.now");
  });
  assert.deepEqual(
    lines.map((line) => line.slice(13)),
    ["warn  b.loud  session=x count=2\n", "info  c.now  \n"],
  );
});

test("security row 35: nothing a peer says can begin a line of its own or steer a terminal", () => {
  const hostile = 'x\r\n12:00:00.000 info  forged  a=1\x1b[2J\x9b\x7f"';
  const [line, ...more] = linesOf((log) => log.info("smtp.helo", { helo: hostile }));
  assert.equal(more.length, 0);
  assert.equal(line.split("\n").length, 2);
  assert.doesNotMatch(line.trimEnd(), /[\0-\x1f\x7f-\x9f]/);
});

test("security row 35: the same as JSON lines", () => {
  const code = `
    const { makeProcessLog } = await import(${JSON.stringify(new URL("./process-log.ts", import.meta.url).href)});
    const log = await makeProcessLog({ level: "info", format: "json", isTerminal: false });
    log.info("smtp.helo", { helo: "x\\r\\nforged\\u001b[2J", __proto__: { a: 1 } });
    log.error("app.broken", new TypeError("our bug"), { queueId: "q1" });
    log.flush();`;
  const lines = execFileSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
  })
    .trimEnd()
    .split("\n");
  assert.equal(lines.length, 2);
  const [helo, broken] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    [helo["level"], helo["event"], helo["helo"]],
    ["info", "smtp.helo", "x\r\nforged\u001b[2J"],
  );
  assert.deepEqual(
    [broken["kind"], broken["error"], broken["queueId"]],
    ["TypeError", "our bug", "q1"],
  );
  assert.match(String(broken["stack"]), /TypeError: our bug\n +at /);
});

test("log: a failed environment is told without a stack, a bug of ours with it", () => {
  const lines = linesOf((log) => {
    log.error("net.failed", new MailError("disk-full", "no room", { cause: new Error("ENOSPC") }));
    log.error("our.bug", new Error("oops"));
  });
  assert.match(lines[0], /error="no room" code=disk-full cause=ENOSPC\n$/);
  assert.match(lines[1], /kind=Error\nError: oops\n +at /);
});

test("passwords: readable, and every letter comes up", () => {
  const random = new SeededRandom(7);
  const passwords = Array.from({ length: 500 }, () => makePassword(random));
  for (const password of passwords)
    assert.match(password, /^[a-hjkmnp-tw-z2-9]{4}(?:-[a-hjkmnp-tw-z2-9]{4}){3}$/);
  assert.equal(new Set(passwords.join("").replaceAll("-", "")).size, 29);
  assert.equal(new Set(passwords).size, 500);
});
