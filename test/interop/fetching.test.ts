/** Debian's mail programs, imapflow and node-pop3 read what Posthorn keeps, over IMAP and POP3. */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { ImapFlow } from "imapflow";
import Pop3Command from "node-pop3";
import { loadMessage, smtpLoad } from "../../bench/peers/smtp-load.ts";
import {
  makePosthornFolder,
  type PosthornFolder,
  type PosthornProcess,
} from "../system/posthorn-process.ts";
import { peerTest, run } from "./peers.ts";

const PASSWORD = "fetching-password";
const DOMAIN = "posthorn.test";
const MESSAGES = 12;

suite("programs that fetch", () => {
  let folder: PosthornFolder;
  let server: PosthornProcess;
  const endings: (() => void | Promise<void>)[] = [];

  before(async () => {
    folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) });
    await folder.must("domain", "add", DOMAIN);
    server = await folder.start();
  });
  after(async () => {
    await server.stop();
    for (const end of endings) await end();
  });

  /** An account of its own for each test, with mail in its INBOX. */
  async function accountWithMail(name: string, messages = MESSAGES): Promise<string> {
    const account = `${name}@${DOMAIN}`;
    await folder.addAccount(account, PASSWORD);
    const sent = await smtpLoad({
      port: server.ports.smtp,
      sessions: 2,
      messages,
      recipients: [account],
      message: loadMessage(2000),
    });
    assert.equal(sent.accepted, messages);
    return account;
  }

  peerTest("curl reads over IMAP and IMAPS", ["curl"], async () => {
    const account = await accountWithMail("curl-imap");
    const urls = [
      `imap://127.0.0.1:${server.ports.imap}`,
      `imaps://127.0.0.1:${server.ports.imaps}`,
    ];
    for (const url of urls) {
      const mailboxes = await run("curl", ["-sS", "-k", "-u", `${account}:${PASSWORD}`, `${url}/`]);
      assert.match(mailboxes.stdout, /\* LIST .*INBOX/, mailboxes.stderr);
      const first = await run("curl", [
        "-sS",
        "-k",
        "-u",
        `${account}:${PASSWORD}`,
        `${url}/INBOX;MAILINDEX=1`,
      ]);
      assert.match(first.stdout, /^Return-Path: <load@sender\.example>\r\n/);
      assert.match(first.stdout, /Subject: load\r\n/);
      const found = await run("curl", [
        "-sS",
        "-k",
        "-u",
        `${account}:${PASSWORD}`,
        `${url}/INBOX?SUBJECT%20load`,
      ]);
      assert.equal(
        found.stdout.trim(),
        `* SEARCH ${Array.from({ length: MESSAGES }, (_, n) => n + 1).join(" ")}`,
      );
    }
  });

  peerTest("curl reads over POP3, with STLS and over TLS", ["curl"], async () => {
    const account = await accountWithMail("curl-pop");
    const login = ["-sS", "-k", "-u", `${account}:${PASSWORD}`];
    const listed = await run("curl", [
      ...login,
      "--ssl-reqd",
      `pop3://127.0.0.1:${server.ports.pop3}/`,
    ]);
    assert.equal(listed.stdout.trim().split("\n").length, MESSAGES, listed.stderr);
    const first = await run("curl", [...login, `pop3s://127.0.0.1:${server.ports.pop3s}/1`]);
    assert.match(first.stdout, /Subject: load\r\n/, first.stderr);
  });

  peerTest("mbsync syncs both ways; a second run moves nothing", ["mbsync"], async () => {
    const account = await accountWithMail("mbsync");
    const local = join(folder.path, "mbsync");
    mkdirSync(local);
    const rc = join(folder.path, "mbsyncrc");
    writeFileSync(
      rc,
      [
        "IMAPStore remote",
        "Host 127.0.0.1",
        `Port ${server.ports.imap}`,
        "SSLType None",
        `User ${account}`,
        `Pass ${PASSWORD}`,
        "AuthMechs LOGIN",
        "",
        "MaildirStore local",
        `Path ${local}/`,
        `Inbox ${local}/INBOX`,
        "SubFolders Verbatim",
        "",
        "Channel all",
        "Far :remote:",
        "Near :local:",
        "Patterns *",
        "Create Both",
        "Remove Both",
        "Expunge Both",
        "SyncState *",
        "",
      ].join("\n"),
    );
    const sync = async (): Promise<string> => {
      const done = await run("mbsync", ["-V", "-c", rc, "all"], { env: { HOME: folder.path } });
      assert.equal(done.status, 0, done.stdout + done.stderr);
      return done.stdout + done.stderr;
    };
    await sync();
    const inbox = join(local, "INBOX");
    const files = (): string[] =>
      ["cur", "new"].flatMap((part) =>
        readdirSync(join(inbox, part)).map((file) => join(part, file)),
      );
    assert.equal(files().length, MESSAGES);
    assert.ok(readdirSync(local).includes("Sent"), "special-use mailboxes come along");

    // Locally: one message read, one deleted, one written. Remotely: one flagged.
    const [read, deleted] = files();
    renameSync(
      join(inbox, read),
      join(inbox, "cur", `${read.split("/")[1].replace(/:2,.*/, "")}:2,S`),
    );
    renameSync(
      join(inbox, deleted),
      join(inbox, "cur", `${deleted.split("/")[1].replace(/:2,.*/, "")}:2,T`),
    );
    writeFileSync(
      join(inbox, "cur", "1700000000.1_1.here:2,FS"),
      "From: a@example.org\nSubject: written here\nMessage-ID: <local@example.org>\n\nLocal text.\n",
    );
    await withImap(account, async (client) => {
      await client.mailboxOpen("INBOX");
      await client.messageFlagsAdd("5", ["\\Flagged", "$Important"]);
    });
    await sync();
    await withImap(account, async (client) => {
      const mailbox = await client.mailboxOpen("INBOX");
      assert.equal(mailbox.exists, MESSAGES);
      assert.deepEqual(await client.search({ header: { "message-id": "<local@example.org>" } }), [
        MESSAGES,
      ]);
      assert.deepEqual(await client.search({ flagged: true, seen: true }), [MESSAGES]);
    });
    assert.ok(
      files().some((file) => /:2,.*F/.test(file) && !file.includes("here")),
      "the remote flag came",
    );

    const idle = await sync();
    assert.doesNotMatch(idle, /[+*#][1-9]/, idle);
  });

  peerTest(
    "fetchmail empties the maildrop over POP3 and leaves nothing",
    ["fetchmail"],
    async () => {
      const account = await accountWithMail("fetchmail");
      const sink = join(folder.path, "fetched");
      const rc = join(folder.path, "fetchmailrc");
      writeFileSync(
        rc,
        `poll 127.0.0.1 service ${server.ports.pop3} protocol pop3 user "${account}" password "${PASSWORD}" sslproto "" mda "cat >> ${sink}"\n`,
        { mode: 0o600 },
      );
      const env = { HOME: folder.path, FETCHMAILHOME: folder.path, LC_ALL: "C" };
      const args = ["-f", rc, "-N", "--pidfile", join(folder.path, "fetchmail.pid")];
      const first = await run("fetchmail", args, { env });
      assert.equal(first.status, 0, first.stdout + first.stderr);
      assert.equal(readFileSync(sink, "latin1").match(/^Subject: load/gm)?.length, MESSAGES);
      const second = await run("fetchmail", args, { env });
      assert.equal(second.status, 1, "1 means: no mail");
    },
  );

  peerTest("fetchmail fetches over IMAP as well", ["fetchmail"], async () => {
    const account = await accountWithMail("fetchmail-imap");
    const sink = join(folder.path, "fetched-imap");
    const rc = join(folder.path, "fetchmailrc-imap");
    writeFileSync(
      rc,
      `poll 127.0.0.1 service ${server.ports.imap} protocol imap user "${account}" password "${PASSWORD}" sslproto "" mda "cat >> ${sink}"\n`,
      { mode: 0o600 },
    );
    const done = await run(
      "fetchmail",
      ["-f", rc, "-N", "--pidfile", join(folder.path, "fm2.pid")],
      {
        env: { HOME: folder.path, FETCHMAILHOME: folder.path, LC_ALL: "C" },
      },
    );
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.equal(readFileSync(sink, "latin1").match(/^Subject: load/gm)?.length, MESSAGES);
  });

  peerTest("getmail fetches over POP3 once, knowing UIDLs", ["getmail"], async () => {
    const account = await accountWithMail("getmail");
    const sink = join(folder.path, "got");
    const rc = join(folder.path, "getmailrc");
    const settings = [
      "[retriever]",
      "type = SimplePOP3Retriever",
      "server = 127.0.0.1",
      `port = ${server.ports.pop3}`,
      `username = ${account}`,
      `password = ${PASSWORD}`,
      "[destination]",
      "type = MDA_external",
      "path = /bin/sh",
      // getmail waits a minute for a command that ends before getmail has begun to wait.
      `arguments = ("-c", "cat >> ${sink}; sleep 0.2")`,
      "allow_root_commands = true",
      "[options]",
      "read_all = false",
      "delete = false",
    ];
    writeFileSync(rc, `${settings.join("\n")}\n`, { mode: 0o600 });
    const fetch = (): ReturnType<typeof run> =>
      run("getmail", ["--getmaildir", folder.path, "--rcfile", rc], { env: { HOME: folder.path } });
    const countGot = (): number | undefined =>
      readFileSync(sink, "latin1").match(/^Subject: load/gm)?.length;
    const first = await fetch();
    assert.equal(first.status, 0, first.stdout + first.stderr);
    assert.equal(countGot(), MESSAGES);
    await fetch();
    assert.equal(countGot(), MESSAGES, "nothing is fetched twice");
  });

  peerTest("mpop pipelines the whole maildrop", ["mpop"], async () => {
    const account = await accountWithMail("mpop");
    const maildir = join(folder.path, "mpop");
    for (const part of ["cur", "new", "tmp"]) mkdirSync(join(maildir, part), { recursive: true });
    const done = await run(
      "mpop",
      [
        ...[
          "--host=127.0.0.1",
          `--port=${server.ports.pop3}`,
          "--tls=on",
          "--tls-starttls=on",
          "--tls-certcheck=off",
        ],
        ...[
          "--auth=user",
          `--user=${account}`,
          `--passwordeval=echo ${PASSWORD}`,
          "--pipelining=on",
          "--keep=off",
        ],
        ...[`--deliver=maildir,${maildir}`, `--uidls-file=${join(folder.path, "uidls")}`],
      ],
      { env: { HOME: folder.path } },
    );
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.equal(readdirSync(join(maildir, "new")).length, MESSAGES);
  });

  peerTest("python's imaplib and poplib", ["python3"], async () => {
    const account = await accountWithMail("python");
    const script = `
import imaplib, poplib, sys
user, password, imap_port, pop_port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
imap = imaplib.IMAP4("127.0.0.1", imap_port)
imap.login(user, password)
print("exists", imap.select()[1][0].decode())
kind, data = imap.fetch("1", "(UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
print(kind, data[0][1].decode().strip())
kind, data = imap.store("1", "+FLAGS", "(\\\\Deleted)")
imap.expunge()
print("left", imap.status("INBOX", "(MESSAGES)")[1][0].decode())
imap.logout()
pop = poplib.POP3("127.0.0.1", pop_port)
pop.user(user); pop.pass_(password)
print("stat", pop.stat()[0])
print(len(pop.retr(1)[1]) > 5, len(pop.uidl()[1]))
pop.dele(1); pop.quit()
`;
    const done = await run("python3", [
      "-c",
      script,
      account,
      PASSWORD,
      String(server.ports.imap),
      String(server.ports.pop3),
    ]);
    assert.equal(done.status, 0, done.stderr);
    assert.deepEqual(done.stdout.trim().split("\n"), [
      `exists ${MESSAGES}`,
      "OK Subject: load",
      `left "INBOX" (MESSAGES ${MESSAGES - 1})`.replace(
        '"INBOX"',
        done.stdout.includes('"INBOX"') ? '"INBOX"' : "INBOX",
      ),
      `stat ${MESSAGES - 1}`,
      `True ${MESSAGES - 1}`,
    ]);
  });

  test("imapflow lists, reads, flags, moves, appends, deletes, and hears of new mail in IDLE", async () => {
    const account = await accountWithMail("imapflow");
    await withImap(account, async (client) => {
      const special = (await client.list()).map((mailbox) => mailbox.specialUse).filter(Boolean);
      assert.ok(["\\Sent", "\\Trash", "\\Drafts", "\\Junk"].every((use) => special.includes(use)));
      const mailbox = await client.mailboxOpen("INBOX");
      assert.equal(mailbox.exists, MESSAGES);
      const message = await client.fetchOne("1", {
        source: true,
        bodyStructure: true,
        envelope: true,
      });
      assert.ok(
        message &&
          message.envelope?.subject === "load" &&
          message.bodyStructure?.type === "text/plain",
      );
      await client.messageFlagsAdd("1:3", ["\\Seen"]);
      assert.deepEqual(await client.search({ seen: true }), [1, 2, 3]);
      await client.messageMove("1:2", "Archive");
      assert.equal(await countOf(client, "Archive"), 2);
      const appended = await client.append("Drafts", "Subject: draft\r\n\r\ntext\r\n", ["\\Draft"]);
      assert.ok(appended && appended.uid === 1);
      await client.messageDelete("1:*");
      assert.equal(await countOf(client, "INBOX"), 0);
      const arrived = new Promise<number>((resolve) =>
        client.once("exists", (event: { count: number }) => resolve(event.count)),
      );
      const idle = client.idle();
      await smtpLoad({
        port: server.ports.smtp,
        sessions: 1,
        messages: 1,
        recipients: [account],
        message: loadMessage(500),
      });
      assert.equal(await arrived, 1);
      await client.noop();
      await idle;
    });
  });

  test("node-pop3 lists, reads the top, deletes at QUIT", async () => {
    const account = await accountWithMail("node-pop3", 3);
    const session = (): InstanceType<typeof Pop3Command> =>
      new Pop3Command({
        host: "127.0.0.1",
        port: server.ports.pop3,
        user: account,
        password: PASSWORD,
      });
    const first = session();
    const uids = (await first.UIDL()) as [string, string][];
    assert.equal(uids.length, 3);
    assert.match(String(await first.TOP(1, 0)), /Subject: load/);
    await first.DELE(2);
    await first.QUIT();
    const second = session();
    const left = (await second.UIDL()) as [string, string][];
    assert.deepEqual(
      left.map(([, uid]) => uid),
      [uids[0][1], uids[2][1]],
    );
    await second.QUIT();
  });

  async function countOf(client: ImapFlow, mailbox: string): Promise<number | undefined> {
    const status = await client.status(mailbox, { messages: true });
    return status ? status.messages : undefined;
  }

  async function withImap(
    account: string,
    work: (client: ImapFlow) => Promise<void>,
  ): Promise<void> {
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: server.ports.imaps,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: account, pass: PASSWORD },
      logger: false,
    });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.logout();
    }
  }
});
