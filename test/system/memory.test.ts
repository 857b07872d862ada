/** What a server does with memory that it needed for a moment (Linux: read from /proc). */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { makePosthornFolder } from "./posthorn-process.ts";
import { smtpDialogue } from "./smtp-dialogue.ts";

/** libuv's pool, on which passwords are checked. */
const THREADS = 4;
const WORK_MEMORY_MB = 19;

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

suite("memory of a server", { skip: !existsSync("/proc/self/status") }, () => {
  test("what checking passwords took is given back to the system", async (context) => {
    const folder = await makePosthornFolder(context);
    await folder.must("domain", "add", "us.test");
    await folder.addAccount("anna@us.test", "a-good-password");
    const server = await folder.start();
    const before = residentMb(server.pid);
    const login = `AUTH PLAIN ${btoa("\0anna@us.test\0a-good-password")}`;
    for (let round = 0; round < 3; round++) {
      const clients = Array.from({ length: THREADS * 3 }, () =>
        smtpDialogue({ port: server.ports.submission, host: "127.0.0.1" }),
      );
      const replies = await Promise.all(
        clients.map(async (client) => {
          await client.reply();
          await client.say("EHLO client.example");
          return client.say(login);
        }),
      );
      for (const reply of replies) assert.match(reply, /^235 /);
      for (const client of clients) client.close();
    }
    const kept = residentMb(server.pid) - before;
    assert.ok(kept < WORK_MEMORY_MB * 2, `${kept.toFixed(1)} MB kept`);
    await server.stop();
  });
});
