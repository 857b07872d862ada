/**
 * Mail programs against the POP3 server over real sockets: each way to log in, each way to TLS, keep
 * and fetch only what is new, fetch and delete. A program that is not installed is a reported skip.
 */

import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, suite, test } from "node:test";
import Pop3Command from "node-pop3";
import { peerTest, run } from "../../../test/interop/peers.ts";
import { writtenMessages } from "../../../test/messages/written.ts";
import {
  ADDRESS,
  deliver,
  file,
  mailboxNamed,
  PASSWORD,
  startPop3World,
  uidsIn,
  type Pop3World,
} from "../../../test/pop3/pop3-world.ts";

const SAMPLES = writtenMessages.slice(0, 25).map(({ octets }) => octets);

suite("programs that speak POP3", () => {
  let world: Pop3World;
  let folder: string;
  before(async () => {
    world = await startPop3World();
  });
  after(() => world.close());

  beforeEach(async (context) => {
    folder = mkdtempSync(join(tmpdir(), "posthorn-programs-"));
    (context as { after?(fn: () => void): void }).after?.(() =>
      rmSync(folder, { recursive: true, force: true }),
    );
    await world.store.mail.expunge((await mailboxNamed(world, "INBOX")).grant, "all", false);
    await file(world, SAMPLES);
  });

  /** Files in a Maildir, as text, in no order. */
  function maildir(path: string): string[] {
    return ["new", "cur"].flatMap((part) =>
      readdirSync(join(path, part)).map((name) => readFileSync(join(path, part, name), "latin1")),
    );
  }

  /** Programs for Unix keep lines by LF. */
  const asFile = (octets: Buffer): string => {
    const text = octets.toString("latin1").replaceAll("\r\n", "\n");
    return text.endsWith("\n") ? text : `${text}\n`;
  };
  const sorted = (texts: readonly string[]): string[] => [...texts].sort();

  peerTest("curl: every mechanism, in the clear, by STLS and over TLS", ["curl"], async () => {
    const curl = (url: string, ...options: string[]): Promise<{ stdout: string; stderr: string }> =>
      run("curl", ["-sS", "-k", "-u", `${ADDRESS}:${PASSWORD}`, ...options, url]);
    const clear = `pop3://127.0.0.1:${world.clearPort}`;
    const ways: [string, string[]][] = [
      [clear, ["--login-options", "AUTH=PLAIN", "--sasl-ir"]],
      [clear, ["--login-options", "AUTH=PLAIN"]],
      [clear, ["--login-options", "AUTH=LOGIN"]],
      [`pop3://127.0.0.1:${world.stlsPort}`, ["--ssl-reqd"]],
      [`pop3s://127.0.0.1:${world.tlsPort}`, []],
    ];
    for (const [url, options] of ways) {
      const list = await curl(`${url}/`, ...options);
      assert.equal(list.stdout.trim().split("\r\n").length, SAMPLES.length, list.stderr);
      const third = await curl(`${url}/3`, ...options);
      assert.equal(third.stdout, SAMPLES[2].toString("utf8"), list.stderr);
    }
    const top = await curl(clear, "-X", "TOP 1 0");
    assert.match(top.stdout, /^[A-Za-z-]+: /, top.stderr);
    const wrong = await run("curl", ["-sS", "-u", `${ADDRESS}:wrong`, `${clear}/`]);
    assert.equal(wrong.status, 67, "CURLE_LOGIN_DENIED");
  });

  peerTest(
    "fetchmail: keeps, sees nothing new the second time, then empties",
    ["fetchmail"],
    async () => {
      await deliver(world, "Subject: with prefix\r\n\r\n.\r\n", "Return-Path: <a@b.example>\r\n");
      const out = join(folder, "out");
      const rc = join(folder, "fetchmailrc");
      writeFileSync(
        rc,
        `poll 127.0.0.1 service ${world.stlsPort} proto pop3 uidl user "${ADDRESS}" password "${PASSWORD}"
       sslproto "TLS1.2+" no sslcertck mda "cat >> ${out}; echo ==== >> ${out}"\n`,
        { mode: 0o600 },
      );
      const fetch = (
        ...options: string[]
      ): Promise<{ status: number; stdout: string; stderr: string }> =>
        run("fetchmail", ["-f", rc, "--nosyslog", "-i", join(folder, "ids"), ...options], {
          env: { FETCHMAILHOME: folder, HOME: folder },
        });
      const kept = await fetch("--keep");
      assert.equal(kept.status, 0, kept.stdout + kept.stderr);
      assert.equal(readFileSync(out, "latin1").split("====\n").length - 1, SAMPLES.length + 1);
      const again = await fetch("--keep");
      assert.equal(again.status, 1, "fetchmail's word for no mail");
      const emptied = await fetch("--nokeep", "--all");
      assert.equal(emptied.status, 0, emptied.stdout + emptied.stderr);
      assert.deepEqual(await uidsIn(world), []);
    },
  );

  peerTest("getmail: over TLS, then empties", ["getmail"], async () => {
    // It starts two processes for each message, so a few have to do.
    const inbox = await mailboxNamed(world, "INBOX");
    await world.store.mail.expunge(inbox.grant, (await uidsIn(world)).slice(5), false);
    const out = join(folder, "got");
    writeFileSync(
      join(folder, "getmailrc"),
      `[retriever]\ntype = SimplePOP3SSLRetriever\nserver = 127.0.0.1\nport = ${world.tlsPort}
username = ${ADDRESS}\npassword = ${PASSWORD}
[destination]\ntype = MDA_external\npath = /bin/sh\narguments = ("-c", "cat >> ${out}; echo ==== >> ${out}")
allow_root_commands = true\nunixfrom = false
[options]\ndelete = true\nread_all = false\ndelivered_to = false\nreceived = false\n`,
    );
    const done = await run("getmail", [`--getmaildir=${folder}`, "--rcfile=getmailrc"], {
      env: { HOME: folder },
    });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    // It parses messages and writes them anew, so the broken ones are not as they were.
    assert.equal(readFileSync(out, "latin1").split("====\n").length - 1, 5);
    assert.deepEqual(await uidsIn(world), []);
  });

  peerTest("mpop: pipelines, keeps by UIDL, a Maildir octet for octet", ["mpop"], async () => {
    for (const part of ["cur", "new", "tmp"])
      mkdirSync(join(folder, "mail", part), { recursive: true });
    const mpop = (...options: string[]): Promise<{ status: number; stderr: string }> =>
      run(
        "mpop",
        [
          "--host=127.0.0.1",
          `--port=${world.clearPort}`,
          "--tls=off",
          "--pipelining=on",
          `--user=${ADDRESS}`,
          `--passwordeval=echo ${PASSWORD}`,
          `--deliver=maildir,${folder}/mail`,
          `--uidls-file=${folder}/uidls`,
          "--received-header=off",
          ...options,
        ],
        { env: { HOME: folder } },
      );
    for (const auth of ["user", "plain", "login", "scram-sha-256"]) {
      const done = await mpop(`--auth=${auth}`, "--keep=on");
      if (/not support/.test(done.stderr)) continue;
      assert.equal(done.status, 0, `${auth}: ${done.stderr}`);
    }
    assert.deepEqual(sorted(maildir(join(folder, "mail"))), sorted(SAMPLES.map(asFile)));
    const emptied = await mpop("--auth=user", "--keep=off");
    assert.equal(emptied.status, 0, emptied.stderr);
    assert.deepEqual(await uidsIn(world), []);
  });

  peerTest("Python's poplib: STLS, UTF8, TOP, RSET, QUIT", ["python3"], async () => {
    const script = `
import poplib, ssl, sys
poplib._MAXLINE = 1 << 20
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
p = poplib.POP3("127.0.0.1", ${world.stlsPort}, timeout=10)
assert "STLS" in p.capa(), p.capa()
p.stls(c)
assert "SASL" in p.capa(), p.capa()
assert p.utf8().startswith(b"+OK")
p.user("${ADDRESS}"); p.pass_("${PASSWORD}")
count, size = p.stat()
assert count == ${SAMPLES.length} and size == ${SAMPLES.reduce((sum, m) => sum + m.length, 0)}
assert len(p.list()[1]) == count and len(p.uidl()[1]) == count
assert p.top(1, 0)[1][-1] == b""
for n in range(1, count + 1):
    sys.stdout.buffer.write(b"\\r\\n".join(p.retr(n)[1]) + b"\\r\\n====\\r\\n")
p.dele(1); p.dele(2); p.rset(); p.dele(3)
p.noop(); p.quit()`;
    const done = await run("python3", ["-c", script]);
    assert.equal(done.status, 0, done.stderr);
    const got = done.stdout.split("====\r\n").slice(0, -1);
    assert.deepEqual(
      got,
      SAMPLES.map((octets) => octets.toString("latin1").replace(/(?<!\r\n)$/, "\r\n")),
    );
    assert.equal((await uidsIn(world)).length, SAMPLES.length - 1);
  });

  test("node-pop3: list, fetch, delete", async () => {
    const client = new Pop3Command({
      user: ADDRESS,
      password: PASSWORD,
      host: "127.0.0.1",
      port: world.tlsPort,
      tls: true,
      servername: "localhost",
      tlsOptions: { rejectUnauthorized: false },
    });
    const list = await client.UIDL();
    assert.equal(list.length, SAMPLES.length);
    assert.equal((await client.RETR(1)).trimEnd(), SAMPLES[0].toString().trimEnd());
    await client.DELE(1);
    await client.QUIT();
    assert.equal((await uidsIn(world)).length, SAMPLES.length - 1);
  });

  peerTest("openssl s_client -starttls pop3", ["openssl"], async () => {
    const done = await run(
      "openssl",
      ["s_client", "-quiet", "-starttls", "pop3", "-connect", `127.0.0.1:${world.stlsPort}`],
      { input: "CAPA\r\nQUIT\r\n" },
    );
    assert.match(done.stdout, /\r\nSASL .*PLAIN/, done.stderr);
    assert.match(done.stdout, /\+OK goodbye/);
  });
});
