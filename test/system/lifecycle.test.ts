/**
 * Posthorn as a person meets it: the first start with what it prints, the second start, reload,
 * an orderly end, and the sentences it says when it can't start.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const bin = join(import.meta.dirname, "../../bin/posthorn.js");
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const SERVICES = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"];
const FREE_PORTS = `[listen]\n${SERVICES.map((name) => `${name} = "127.0.0.1:0"`).join("\n")}\n`;

function newFolder(config: string): string {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-life-"));
  folders.push(folder);
  writeFileSync(join(folder, "posthorn.toml"), config);
  return folder;
}

type Served = {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Resolves with the first log line that has this event, past or to come. */
  event(name: string): Promise<Record<string, unknown>>;
  said(): string;
};

function serve(folder: string, ...args: string[]): Served {
  const child = spawn(process.execPath, [bin, "serve", ...args], { cwd: folder });
  const events: Record<string, unknown>[] = [];
  let waiting: (() => void)[] = [];
  let rest = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) events.push(JSON.parse(line) as Record<string, unknown>);
    for (const wake of waiting.splice(0)) wake();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", (code) => {
      resolve(code);
      for (const wake of waiting.splice(0)) wake();
      waiting = [];
    });
  });
  return {
    child,
    ended,
    said: () => stderr,
    async event(name) {
      for (;;) {
        const found = events.find(({ event }) => event === name);
        if (found !== undefined) return found;
        assert.equal(child.exitCode, null, `ended before ${name}: ${stderr}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

type Line = { say(text: string): Promise<string>; hear(): Promise<string>; socket: Socket };

/** A dialogue in which each answer ends with a whole line that is not a continuation. */
async function dial(port: number): Promise<Line> {
  const socket = connect(port, "127.0.0.1");
  let got = "";
  let wake: (() => void) | undefined;
  socket.setEncoding("latin1").on("data", (text: string) => {
    got += text;
    wake?.();
  });
  socket.on("error", () => wake?.());
  socket.on("close", () => wake?.());
  const hear = async (): Promise<string> => {
    while (!/(?:^|\n)(?:\d{3} |[a-z]\d+ |\* OK|\* BYE|\+OK|-ERR).*\r\n$/.test(got)) {
      if (socket.destroyed) break;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const answer = got;
    got = "";
    return answer;
  };
  return {
    socket,
    hear,
    say(text) {
      socket.write(`${text}\r\n`);
      return hear();
    },
  };
}

function portOf(said: string, pattern: RegExp): number {
  const match = pattern.exec(said);
  assert.ok(match, `${pattern} in ${said}`);
  return Number(match[1]);
}

test("first start: an account, a certificate, instructions that work; second start keeps them; SIGHUP; SIGTERM", async () => {
  const folder = newFolder(`hostname = "mail.posthorn.test"\n${FREE_PORTS}`);
  const first = serve(folder, "--welcome");
  await first.event("app.started");
  while (!first.said().includes("Ctrl-C")) await new Promise((resolve) => setTimeout(resolve, 5));
  const password = /Its password: +([a-z0-9-]+)/.exec(first.said())?.[1] ?? "";
  assert.match(password, /^(?:[a-z2-9]{4}-){3}[a-z2-9]{4}$/);
  assert.equal(statSync(join(folder, "posthorn-data")).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, "posthorn-data/tls/key.pem")).mode & 0o777, 0o600);

  const smtp = await dial(portOf(first.said(), /smtp:\/\/127\.0\.0\.1:(\d+)/));
  assert.match(await smtp.hear(), /^220 mail\.posthorn\.test /);
  assert.match(await smtp.say("EHLO client.example.test"), /STARTTLS/);
  assert.match(await smtp.say("MAIL FROM:<you@posthorn.test>"), /^250/);
  assert.match(await smtp.say("RCPT TO:<nobody@posthorn.test>"), /^550 5\.1\.1/);
  assert.match(await smtp.say("RCPT TO:<you@posthorn.test>"), /^250/);
  assert.match(await smtp.say("DATA"), /^354/);
  assert.match(await smtp.say("Subject: First mail\r\n\r\nHello!\r\n."), /^250 2\.0\.0/);
  smtp.socket.destroy();

  const imap = await dial(portOf(first.said(), /imap:\/\/127\.0\.0\.1:(\d+)/));
  await imap.hear();
  assert.match(await imap.say(`a1 LOGIN you@posthorn.test ${password}`), /a1 OK/);
  assert.match(await imap.say("a2 SELECT INBOX"), /\* 1 EXISTS/);
  assert.match(await imap.say("a3 FETCH 1 BODY[TEXT]"), /Hello!/);

  const certificate = readFileSync(join(folder, "posthorn-data/tls/certificate.pem"), "utf8");
  first.child.kill("SIGTERM");
  assert.match(await imap.hear(), /\* BYE/);
  assert.equal(await first.ended, 0);

  const second = serve(folder, "--welcome");
  const started = await second.event("app.started");
  // A machine that builds and tests much else at the same time takes its time.
  assert.ok(Number(started["startedInMs"]) < 60_000);
  while (!second.said().includes("Ctrl-C")) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(second.said(), /its password was shown at the first start/);
  assert.equal(
    readFileSync(join(folder, "posthorn-data/tls/certificate.pem"), "utf8"),
    certificate,
  );

  writeFileSync(join(folder, "posthorn.toml"), `hostname = "other.test"\n[log]\nlevel = "debug"\n`);
  second.child.kill("SIGHUP");
  assert.deepEqual((await second.event("app.reloaded"))["needRestart"], [
    "hostname",
    ...SERVICES.map((name) => `listen.${name}`),
  ]);
  writeFileSync(join(folder, "posthorn.toml"), `hostnam = "other.test"\n`);
  second.child.kill("SIGHUP");
  const failed = await second.event("app.reload-failed");
  assert.match(String(failed["error"]), /posthorn\.toml:1:1: there is no setting hostnam/);
  assert.equal(second.child.exitCode, null, "a broken file never stops a running server");
  // As after Ctrl-C: from the terminal, and once more from the launcher.
  second.child.kill("SIGINT");
  second.child.kill("SIGTERM");
  assert.equal(await second.ended, 0);
  await second.event("app.stopped");
});

test("a busy port ends the start with a sentence that names it, and exit code 1", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  const folder = newFolder(
    FREE_PORTS.replace('imap = "127.0.0.1:0"', `imap = "127.0.0.1:${port}"`),
  );
  const served = serve(folder);
  assert.equal(await served.ended, 1);
  assert.match(
    served.said(),
    new RegExp(`posthorn: 127\\.0\\.0\\.1 port ${port} is already in use by another program`),
  );
  taken.close();
});

test("a wrong configuration ends the start with its place and exit code 78", async () => {
  const served = serve(newFolder("\n[listen]\nsmpt = 25\n"));
  assert.equal(await served.ended, 78);
  assert.match(
    served.said(),
    /posthorn\.toml:3:1: there is no setting smpt in \[listen\]\. Did you mean smtp\?/,
  );
});

test("a certificate that can't be used ends the start with its name", async () => {
  const files = '[[tls.certificates]]\ncertificate = "missing.pem"\nkey = "missing.key"\n';
  const served = serve(newFolder(`${files}${FREE_PORTS}`));
  assert.equal(await served.ended, 78);
  assert.match(served.said(), /missing\.pem: there is no such file/);
});

test("a data folder that can't be made ends the start with its name and the ways out", async () => {
  const folder = newFolder(FREE_PORTS);
  const served = serve(folder, "--data", join(folder, "posthorn.toml", "data"));
  assert.equal(await served.ended, 78);
  assert.match(
    served.said(),
    /data folder .*posthorn\.toml\/data can't be made \(ENOTDIR\).*--data/,
  );
});

test("under npm, the end of the launcher is the end of the server: nothing stays behind with the ports", async () => {
  const folder = newFolder(FREE_PORTS);
  const env = { ...process.env, npm_lifecycle_event: "start" };
  const command = `"${process.execPath}" "${bin}" serve; true`;
  const shell = spawn("sh", ["-c", command], { cwd: folder, env });
  let output = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  while (!output.includes("app.started")) await new Promise((resolve) => setTimeout(resolve, 20));
  shell.kill("SIGTERM");
  // Standard output is the server's too: it closes when the server has ended.
  await new Promise((resolve) => shell.stdout.on("close", resolve));
  assert.match(output, /"signal":"launcher ended".*app\.stopping/);
  assert.match(output, /app\.stopped/);
});
