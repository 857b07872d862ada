/** `posthorn mail`, `send` and the face of sendmail, on a running server and as processes of their own. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { peerTest, run, type Finished } from "../interop/peers.ts";
import {
  makePosthornFolder,
  type PosthornFolder,
  type PosthornProcess,
} from "./posthorn-process.ts";

const bin = join(import.meta.dirname, "../../bin/posthorn.js");
const PASSWORD = "mail-test-password";

suite("mail from the command line", () => {
  let folder: PosthornFolder;
  let server: PosthornProcess;
  const endings: (() => void | Promise<void>)[] = [];

  /** `posthorn ARGS…`, with nothing of the caller's own settings. */
  function posthorn(
    args: readonly string[],
    input = "",
    env: Record<string, string> = {},
  ): Promise<Finished> {
    const own = { HOME: folder.path, XDG_CONFIG_HOME: join(folder.path, "config"), TZ: "UTC" };
    return run(process.execPath, [bin, "--config", folder.config, ...args], {
      cwd: folder.path,
      input,
      env: { ...own, ...env },
    });
  }

  async function ok(
    args: readonly string[],
    input = "",
    env: Record<string, string> = {},
  ): Promise<string> {
    const finished = await posthorn(args, input, env);
    assert.equal(finished.status, 0, `${args.join(" ")}: ${finished.stdout}${finished.stderr}`);
    return finished.stdout;
  }

  type Listed = { messages: { uid: number; subject: string; isUnread: boolean }[] };
  async function listed(user: string, ...args: string[]): Promise<Listed["messages"]> {
    return (JSON.parse(await ok(["mail", "list", "--user", user, "--json", ...args])) as Listed)
      .messages;
  }

  before(async () => {
    folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) });
    await folder.must("domain", "add", "posthorn.test");
    await folder.addAccount("anna@posthorn.test", PASSWORD);
    await folder.addAccount("bert@posthorn.test", PASSWORD);
    server = await folder.start();
  });
  after(async () => {
    await server.stop();
    for (const end of endings) await end();
  });

  test("send, list, read, reply, save, delete: nobody set anything up", async () => {
    const photo = join(folder.path, "photo.png");
    writeFileSync(photo, Buffer.from([0x89, 0x50, 0, 1, 2, 255]));
    const send = ["send", "--user", "anna", "-s", "Grüße", "-a", photo, "bert@posthorn.test"];
    assert.equal(await ok(send, "Hallo Bert\n"), "sent to bert@posthorn.test\n");
    const [first] = await listed("bert");
    assert.equal(Buffer.from(first.subject, "latin1").toString("utf8"), "Grüße");
    assert.ok(first.isUnread);
    const text = await ok(["mail", "read", "1", "--user", "bert"]);
    assert.match(
      text,
      /From: anna@posthorn\.test\n[^]*\n\nHallo Bert\n\n\[1\] photo\.png {2}image\/png/,
    );
    const part = await ok(["mail", "read", "1", "--user", "bert", "--part", "1"]);
    assert.deepEqual([...Buffer.from(part, "latin1")], [0x89, 0x50, 0, 1, 2, 255]);
    await ok(["mail", "reply", "1", "--user", "bert"], "Danke\n");
    const answer = await ok(["mail", "read", "1", "--user", "anna"]);
    assert.match(answer, /Subject: Re: Gr[^]*anna wrote:\n> Hallo Bert\n\nDanke\n/);
    assert.equal(await ok(["mail", "save", "1", "kept.mbox", "--user", "bert"]), "kept.mbox\n");
    assert.match(
      readFileSync(join(folder.path, "kept.mbox"), "latin1"),
      /^From anna@posthorn\.test /,
    );
    await ok(["mail", "delete", "1", "--user", "bert"]);
    assert.equal((await listed("bert")).length, 0);
  });

  test("line mode takes its commands from a pipe; a wrong one shows in the exit code", async () => {
    const lines = ["1", "mail bert@posthorn.test", "over", ".", "frobnicate", "d 1", "q", ""];
    const finished = await posthorn(["mail", "--user", "anna"], lines.join("\n"));
    assert.equal(finished.status, 1);
    assert.match(
      finished.stdout,
      /"INBOX": 1 message[^]*Subject: Re: [^]*sent to bert@posthorn\.test\n1 message removed\n$/,
    );
    assert.match(finished.stderr, /frobnicate: there is no such command/);
  });

  peerTest("on a terminal: questions, type-ahead, the editor, the shell", ["script"], async () => {
    const command = `${process.execPath} ${bin} --config ${folder.config} mail --user bert`;
    const lines = [
      "m bert@posthorn.test",
      "typed",
      "one",
      "~e",
      ".",
      "!echo in the shell",
      "x",
      "",
    ];
    const { stdout } = await run("script", ["-qec", command, "/dev/null"], {
      input: lines.join("\n"),
      env: { HOME: folder.path, VISUAL: "echo two >>", TERM: "dumb" },
      timeoutMs: 30_000,
    });
    assert.match(stdout, /sent to bert@posthorn\.test\r\n[^]*typed\r\nin the shell/);
    const [message] = (await listed("bert")).slice(-1);
    assert.equal(message.subject, "typed");
    const text = await ok(["mail", "read", String(message.uid), "--user", "bert"]);
    assert.match(text, /\n\none\ntwo\n$/);
  });

  test("a remote server by URL: its certificate trusted, the password from a command or the environment", async () => {
    const imap = `imaps://bert@posthorn.test@localhost:${server.ports.imaps}`;
    const smtp = `submission://bert@posthorn.test@127.0.0.1:${server.ports.submission}`;
    const trust = ["--certificate", join(folder.path, "data/tls/certificate.pem")];
    const servers = ["--imap", imap, "--smtp", smtp, ...trust];
    const password = ["--password-command", `echo ${PASSWORD}`];
    const out = await ok([
      "send",
      ...servers,
      ...password,
      "-s",
      "from afar",
      "-b",
      "x",
      "anna@posthorn.test",
    ]);
    assert.equal(out, "sent to anna@posthorn.test\n");
    const list = await ok(["mail", "list", "-f", "Sent", ...servers], "", {
      POSTHORN_MAIL_PASSWORD: PASSWORD,
    });
    assert.match(list, /from afar/);
    const distrusted = await posthorn(["mail", "list", "--imap", imap], "", {
      POSTHORN_MAIL_PASSWORD: PASSWORD,
    });
    assert.equal(distrusted.status, 69);
    assert.match(distrusted.stderr, /self-signed/);
    const none = await posthorn(["mail", "list", ...servers]);
    assert.match(none.stderr, /a password is needed/);
  });

  test("an account from mail.toml; a misspelt setting is named with its line", async () => {
    const file = join(folder.path, "mail.toml");
    const settings = [
      "[account.home]",
      'from = "Bert <bert@posthorn.test>"',
      `imap = "imaps://bert@posthorn.test@localhost:${server.ports.imaps}"`,
      `smtp = "submissions://bert@posthorn.test@localhost:${server.ports.submissions}"`,
      `password_command = "echo ${PASSWORD}"`,
      `certificate = "${join(folder.path, "data/tls/certificate.pem")}"`,
      'signature = "Bert, by rail"',
    ];
    const env = { POSTHORN_MAIL_CONFIG: file };
    writeFileSync(file, settings.join("\n"));
    await ok(["send", "-s", "by toml", "-b", "hello", "anna@posthorn.test"], "", env);
    const [message] = (await listed("anna")).filter(({ subject }) => subject === "by toml");
    const text = await ok(["mail", "read", String(message.uid), "--user", "anna"]);
    assert.match(text, /hello\n-- \nBert, by rail\n/);
    writeFileSync(file, [...settings, 'pasword = "x"'].join("\n"));
    const wrong = await posthorn(["mail", "list"], "", env);
    assert.equal(wrong.status, 78);
    assert.match(wrong.stderr, /mail\.toml:8: account\.home\.pasword: there is no such setting/);
  });

  test("sendmail: header recipients, dots, sender, exit codes of sysexits.h", async () => {
    const message = "To: anna\nBcc: bert@posthorn.test\nSubject: by sendmail\n\na\n.\nb\n";
    const delivered = await posthorn(
      ["sendmail", "-t", "-i", "-fanna@posthorn.test", "-F", "Anna"],
      message,
    );
    assert.equal(delivered.status, 0, delivered.stderr);
    const [latest] = (await listed("anna")).slice(-1);
    const raw = await ok(["mail", "read", String(latest.uid), "--user", "anna", "--raw"]);
    assert.match(
      raw,
      /^Return-Path: <anna@posthorn\.test>\r\n[^]*From: Anna <anna@posthorn\.test>\r\n/,
    );
    assert.match(raw, /\r\n\r\na\r\n\.\r\nb\r\n$/);
    assert.doesNotMatch(raw, /^Bcc/im);
    const rows: [string[], string, number, RegExp][] = [
      [["anna", "nobody@posthorn.test"], "x", 67, /550 5\.1\.1/],
      [["far@example.net"], "x", 69, /550 5\.7\.1/],
      [["-bd"], "", 64, /posthorn serve/],
    ];
    for (const [args, input, status, words] of rows) {
      const finished = await posthorn(["sendmail", ...args], input);
      assert.equal(finished.status, status, `${args.join(" ")}: ${finished.stderr}`);
      assert.match(finished.stderr, words);
    }
    assert.match(await ok(["sendmail", "-bp"]), /queue is empty/);
    const smtp = await posthorn(["sendmail", "-bs"], "QUIT\r\n");
    assert.match(smtp.stdout, /^220 [^]*\r\n221 /);
  });

  test("without a server nothing is taken: exit code 75, and a sentence", async (context) => {
    const idle = await makePosthornFolder(context);
    await idle.must("domain", "add", "posthorn.test");
    const finished = await run(
      process.execPath,
      [bin, "--config", idle.config, "sendmail", "a@posthorn.test"],
      { input: "x\n" },
    );
    assert.equal(finished.status, 75);
    assert.match(finished.stderr, /Is `posthorn serve` running\? Nothing was sent/);
    assert.ok(!existsSync(join(idle.path, "dead.letter")));
  });
});
