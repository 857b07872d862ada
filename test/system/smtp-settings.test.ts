/** What posthorn.toml says about SMTP clients, as clients of a running server meet it. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { makePosthornFolder, type PosthornFolder } from "./posthorn-process.ts";
import { smtpDialogue, type SmtpDialogue } from "./smtp-dialogue.ts";

async function folderWith(
  t: TestContext,
  config: string,
  { hasAccount = false } = {},
): Promise<PosthornFolder> {
  const folder = await makePosthornFolder(t, { config });
  if (!hasAccount) return folder;
  await folder.must("domain", "add", "us.test");
  await folder.addAccount("anna@us.test", "secret of anna");
  return folder;
}

async function greeted(port: number, first?: string): Promise<SmtpDialogue> {
  const talk = smtpDialogue({ port, host: "127.0.0.1" });
  if (first !== undefined) talk.send(first);
  assert.match(await talk.reply(), /^220 /);
  return talk;
}

const RULES = `
[[rules]]
name = "that network"
stage = "sender"
client = "203.0.113.0/24"
action = "refuse"
text = "Nothing from there"

[[rules]]
name = "marked"
stage = "data"
header = "Subject: *sale*"
action = "tag"
field = "X-Filter: sale"
`;

suite("settings for SMTP clients", () => {
  test("PROXY and XCLIENT from named peers change who the client is; rules go by that", async (t) => {
    const folder = await folderWith(
      t,
      `[proxy]\nfrom = "127.0.0.1"\n[smtp]\nxclientFrom = "127.0.0.1"\n${RULES}`,
    );
    const server = await folder.start();
    const { smtp } = server.ports;

    const bad = await greeted(smtp, "PROXY TCP4 203.0.113.9 127.0.0.1 4000 25\r\n");
    await bad.say("EHLO a.test");
    assert.equal(await bad.say("MAIL FROM:<x@far.test>"), "550 5.7.1 Nothing from there");
    bad.close();

    const good = await greeted(smtp, "PROXY TCP4 198.51.100.1 127.0.0.1 4000 25\r\n");
    // The client is named by the proxy; it is not the proxy, and has none of its rights.
    assert.doesNotMatch(await good.say("EHLO a.test"), /XCLIENT/);
    assert.match(await good.say("MAIL FROM:<x@far.test>"), /^250/);
    good.close();

    const proxy = await greeted(smtp, "PROXY UNKNOWN\r\n");
    assert.match(await proxy.say("EHLO a.test"), /250[- ]XCLIENT /);
    assert.match(await proxy.say("XCLIENT ADDR=203.0.113.77 NAME=h.far.test"), /^220/);
    await proxy.say("EHLO a.test");
    assert.match(await proxy.say("MAIL FROM:<x@far.test>"), /^550/);
    proxy.close();

    const none = smtpDialogue({ port: smtp, host: "127.0.0.1" });
    none.send("EHLO without.header\r\n");
    assert.match(await none.reply(), /^closed after ""/);
    await server.stop();
    assert.match(server.output(), /"rule":"that network"|that network/);
  });

  test("PROXY on every service, before TLS where the service begins with it", async (t) => {
    const folder = await folderWith(t, `[proxy]\nfrom = "127.0.0.1"\n`);
    const server = await folder.start();
    const header = "PROXY TCP4 203.0.113.9 127.0.0.1 4000 25\r\n";
    const greeting = (port: number, withTls: boolean): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(port, "127.0.0.1").on("error", reject);
        socket.write(header);
        const heard = withTls ? connectTls({ socket, rejectUnauthorized: false }) : socket;
        heard.on("error", reject).once("data", (data: Buffer) => {
          resolve(data.toString().slice(0, 4));
          socket.destroy();
        });
      });
    const { submission, submissions, imap, imaps, pop3, pop3s } = server.ports;
    assert.deepEqual(
      [
        await greeting(submission, false),
        await greeting(submissions, true),
        await greeting(imap, false),
        await greeting(imaps, true),
        await greeting(pop3, false),
        await greeting(pop3s, true),
      ],
      ["220 ", "220 ", "* OK", "* OK", "+OK ", "+OK "],
    );
    await server.stop();
    assert.match(server.output(), /203\.0\.113\.9/);
  });

  test("nobody is believed who is not named; the rules of a changed file hold from SIGHUP on", async (t) => {
    const folder = await folderWith(t, "");
    const server = await folder.start();
    const talk = await greeted(server.ports.smtp);
    assert.doesNotMatch(await talk.say("EHLO a.test"), /XCLIENT|XFORWARD|FUTURERELEASE/);
    assert.match(await talk.say("XCLIENT ADDR=203.0.113.77"), /^550/);
    assert.match(await talk.say("MAIL FROM:<x@far.test>"), /^250/);
    await talk.say("RSET");
    const config = readFileSync(folder.config, "utf8");
    writeFileSync(folder.config, `${config}\n${RULES.replace("203.0.113.0/24", "127.0.0.1")}`);
    server.kill("SIGHUP");
    let answer = "";
    for (let n = 0; n < 100 && !answer.startsWith("550"); n++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      answer = await talk.say("MAIL FROM:<x@far.test>");
      if (answer.startsWith("250")) await talk.say("RSET");
    }
    assert.equal(answer, "550 5.7.1 Nothing from there");
    talk.close();
    await server.stop();
  });

  test("security rows 7, 25: early talkers are sent away; errors, rate and time are as configured", async (t) => {
    const folder = await folderWith(
      t,
      '[smtp]\ngreetDelay = "300ms"\nerrors = 2\ncommandTime = "3s"\nlongestHold = "2d"\nstrayLineEnds = "normalize"\n',
      { hasAccount: true },
    );
    const server = await folder.start();
    const early = smtpDialogue({ port: server.ports.smtp, host: "127.0.0.1" });
    early.send("EHLO eager.test\r\n");
    assert.match(await early.reply(), /^(554|421)/);

    const startedMs = performance.now();
    const talk = await greeted(server.ports.smtp);
    assert.ok(performance.now() - startedMs > 290);
    assert.match(await talk.say("NONSENSE"), /^500/);
    assert.match(
      `${await talk.say("NONSENSE")}|${await talk.reply()}`,
      /421 4\.7\.0 Too many errors/,
    );

    const slow = await greeted(server.ports.smtp);
    assert.match(await slow.reply(), /^421 4\.4\.2/);

    const odd = await greeted(server.ports.smtp);
    for (const line of [
      "EHLO a.test",
      "MAIL FROM:<x@far.test>",
      "RCPT TO:<anna@us.test>",
      "DATA",
    ]) {
      assert.match(await odd.say(line), /^(250|354)/);
    }
    assert.match(await odd.say("Subject: a\nX: y\r\n\r\nb\r\n."), /^250/);
    odd.close();

    const submission = await greeted(server.ports.submission);
    assert.match(await submission.say("EHLO a.test"), /FUTURERELEASE 172800 /);
    submission.close();
    await server.stop();
  });

  test("when connections are nearly used up, a new session ends at its first error", async (t) => {
    const folder = await folderWith(t, "[limits]\nconnections = 10\n");
    const server = await folder.start();
    const { smtp } = server.ports;
    const idle = Array.from({ length: 7 }, () => connect(smtp, "127.0.0.1").on("error", () => {}));
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once("data", resolve))));
    const last = await greeted(smtp);
    assert.match(
      `${await last.say("NONSENSE")}|${await last.reply()}`,
      /421 4\.7\.0 Too many errors/,
    );
    for (const socket of idle) socket.destroy();
    // It hears of the closed ones when it comes to it.
    for (let tries = 1, answer = ""; !answer.startsWith("250"); tries++) {
      assert.ok(tries < 200, answer);
      const calm = await greeted(smtp);
      assert.match(await calm.say("NONSENSE"), /^500/);
      answer = await calm.say("EHLO a.test").catch(String);
      calm.close();
    }
    await server.stop();
    assert.match(server.output(), /app\.stress/);
    assert.match(server.output(), /app\.stress-over/);
  });

  test("mail dated ahead waits in the queue, for our own mailboxes too", async (t) => {
    const folder = await folderWith(t, '[smtp]\nlongestHold = "2d"\n', { hasAccount: true });
    const server = await folder.start();
    const talk = await greeted(server.ports.submission);
    await talk.say("EHLO a.test");
    assert.match(await talk.say(`AUTH PLAIN ${btoa("\0anna@us.test\0secret of anna")}`), /^235/);
    for (const line of ["MAIL FROM:<anna@us.test> HOLDFOR=3", "RCPT TO:<anna@us.test>", "DATA"]) {
      assert.match(await talk.say(line), /^(250|354)/);
    }
    assert.match(await talk.say("Subject: later\r\n\r\nb\r\n."), /^250/);
    talk.close();
    const messages = async (): Promise<number> =>
      (
        JSON.parse((await folder.must("account", "list", "--json")).stdout) as {
          messages: number;
        }[]
      )[0].messages;
    assert.equal(await messages(), 0);
    const startedMs = performance.now();
    while ((await messages()) === 0) assert.ok(performance.now() - startedMs < 30_000);
    await server.stop();
  });
});
