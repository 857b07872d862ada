/** Real IMAP clients over real sockets: what they make of the server is the judgement that counts. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { ImapFlow } from "imapflow";
import { peerTest, run } from "../../../test/interop/peers.ts";
import { silentLog } from "../../base/log.ts";
import { listen, type Listener } from "../../net/listen.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { makeSelfSigned } from "../../net/self-signed.ts";
import { ServerTls } from "../../net/server-tls.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./testing/imap-world.ts";

const MESSAGE =
  "From: Ann <ann@example.net>\r\nTo: bob@example.org\r\nSubject: Hello from Ann\r\n" +
  "Message-ID: <1@example.net>\r\nDate: Tue, 3 Feb 2026 10:00:00 +0100\r\n\r\nHello, world\r\n";

suite("IMAP clients", () => {
  let world: ImapWorld;
  let clear: Listener;
  let secure: Listener;
  let folder: string;
  let offersGmail = false;

  before(async () => {
    world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
    const certificate = await makeSelfSigned(["localhost", "127.0.0.1"], Date.now());
    const serverTls = new ServerTls({ certificates: [certificate] });
    const onChannel = (channel: Parameters<ImapWorld["serve"]>[0]): Promise<void> =>
      world.serve(channel, { allowPlaintextAuth: false, offersGmail });
    const common = { host: "127.0.0.1", port: 0, serverTls, onChannel, log: silentLog };
    clear = await listen({ ...common, tls: "starttls" });
    secure = await listen({ ...common, tls: "implicit" });
    folder = await mkdtemp(join(tmpdir(), "posthorn-clients-"));
  });
  after(async () => {
    await clear.drain(100);
    await secure.drain(100);
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function accountWithMail(count: number): Promise<string> {
    const user = await world.account();
    for (let n = 0; n < count; n++) {
      await world.deliver(user, MESSAGE.replace("<1@", `<${n}@`), {
        prefix: `Return-Path: <ann@example.net>\r\n`,
      });
    }
    return user;
  }

  test("imapflow: STARTTLS, list, fetch, flag, append, move, idle, delete", async () => {
    const user = await accountWithMail(3);
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: clear.endpoint.port,
      secure: false,
      doSTARTTLS: true,
      auth: { user, pass: PASSWORD },
      tls: { rejectUnauthorized: false },
      logger: false,
    });
    await client.connect();
    assert.equal(client.secureConnection, true);
    const mailboxes = await client.list({ statusQuery: { messages: true, unseen: true } });
    assert.deepEqual(
      mailboxes
        .filter((box) => box.specialUse !== undefined)
        .map((box) => String(box.specialUse))
        .sort((a, b) => a.localeCompare(b)),
      ["\\Archive", "\\Drafts", "\\Inbox", "\\Junk", "\\Sent", "\\Trash"],
    );
    assert.equal(mailboxes.find((box) => box.path === "INBOX")?.status?.messages, 3);
    const opened = await client.mailboxOpen("INBOX");
    assert.equal(opened.exists, 3);
    const messages = await client.fetchAll("1:*", {
      uid: true,
      flags: true,
      envelope: true,
      bodyStructure: true,
      size: true,
      internalDate: true,
      source: true,
      headers: ["subject"],
    });
    assert.deepEqual(
      messages.map((message) => message.uid),
      [1, 2, 3],
    );
    assert.equal(messages[0].envelope?.subject, "Hello from Ann");
    assert.equal(
      messages[0].source?.toString("latin1"),
      `Return-Path: <ann@example.net>\r\n${MESSAGE.replace("<1@", "<0@")}`,
    );
    assert.equal(messages[0].size, messages[0].source?.length);
    await client.messageFlagsAdd("1:2", ["\\Flagged", "$Work"]);
    assert.deepEqual(
      await client.search({ flagged: true, subject: "from ann" }, { uid: true }),
      [1, 2],
    );
    const appended = await client.append("Drafts", MESSAGE, ["\\Draft"], new Date(0));
    assert.equal(appended && appended.uid, 1);
    const moved = await client.messageMove("2", "Archive", { uid: true });
    assert.deepEqual(moved && [...(moved.uidMap ?? [])], [[2, 1]]);
    const grown = new Promise<number>((resolve) => {
      client.on("exists", ({ count }) => resolve(count));
    });
    const idling = client.idle();
    await world.deliver(user, MESSAGE);
    assert.equal(await grown, 3);
    await client.noop();
    await idling;
    await client.mailboxCreate("Projekte/Größe");
    await client.mailboxRename("Projekte", "Alt");
    assert.ok((await client.list()).some((box) => box.path === "Alt/Größe"));
    await client.mailboxDelete("Alt/Größe");
    await client.messageDelete("1:*", { uid: true });
    const status = await client.status("INBOX", { messages: true });
    assert.equal(status && status.messages, 0);
    const { content } = await (await client.mailboxOpen("Archive"), client.download("1"));
    let text = "";
    for await (const chunk of content ?? []) text += String(chunk);
    assert.match(text, /Hello, world/);
    await client.logout();
  });

  test("imapflow: Gmail's searches, labels and threads", async () => {
    offersGmail = true;
    const user = await accountWithMail(2);
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: clear.endpoint.port,
      secure: false,
      auth: { user, pass: PASSWORD },
      tls: { rejectUnauthorized: false },
      logger: false,
    });
    await client.connect();
    offersGmail = false;
    assert.ok(client.capabilities.has("X-GM-EXT-1"));
    await client.mailboxOpen("INBOX");
    assert.deepEqual(await client.search({ gmraw: "from:ann in:inbox" }, { uid: true }), [1, 2]);
    await client.messageFlagsAdd("1", ["Work"], { useLabels: true });
    const [first] = await client.fetchAll("1", { uid: true, labels: true, threadId: true });
    assert.deepEqual([...(first.labels ?? [])], ["Work"]);
    assert.match(String(first.threadId), /^\w+$/);
    await client.messageFlagsRemove("1", ["Work"], { useLabels: true });
    const work = await client.status("Work", { messages: true });
    assert.equal(work && work.messages, 0);
    await client.logout();
  });

  peerTest("curl: STARTTLS and TLS, LIST, FETCH, SEARCH, APPEND", ["curl"], async () => {
    const user = await accountWithMail(1);
    const common = ["-sS", "-k", "-u", `${user}:${PASSWORD}`];
    const url = `imaps://127.0.0.1:${secure.endpoint.port}`;
    const letter = join(folder, "letter");
    await writeFile(letter, MESSAGE);
    const listed = await run("curl", [
      ...common,
      "--ssl-reqd",
      `imap://127.0.0.1:${clear.endpoint.port}/`,
    ]);
    assert.match(listed.stdout, /\* LIST \([^)]*\) "\/" "?INBOX/, listed.stderr);
    const fetched = await run("curl", [...common, `${url}/INBOX;UID=1`]);
    assert.match(fetched.stdout, /^Return-Path: [^]*Hello, world\r\n$/, fetched.stderr);
    const section = await run("curl", [...common, `${url}/INBOX;UID=1;SECTION=TEXT`]);
    assert.equal(section.stdout, "Hello, world\r\n");
    const appended = await run("curl", [...common, "-T", letter, `${url}/Sent`]);
    assert.equal(appended.status, 0, appended.stderr);
    const searched = await run("curl", [...common, `${url}/Sent?SUBJECT%20hello`]);
    assert.match(searched.stdout, /^\* SEARCH 1\r\n/);
    const refused = await run("curl", [
      "-sS",
      "-u",
      `${user}:${PASSWORD}`,
      `imap://127.0.0.1:${clear.endpoint.port}/`,
    ]);
    assert.notEqual(refused.status, 0);
  });

  peerTest("python's imaplib", ["python3"], async () => {
    const user = await accountWithMail(2);
    const script = `
import imaplib, ssl, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
m = imaplib.IMAP4_SSL("127.0.0.1", ${secure.endpoint.port}, ssl_context=context)
def ok(result):
    assert result[0] == "OK", result
    return result[1]
ok(m.login("${user}", "${PASSWORD}"))
ok(m.enable("UTF8=ACCEPT"))
assert ok(m.select("INBOX")) == [b"2"]
data = ok(m.fetch("1", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
assert b"Hello from Ann" in data[0][1], data
assert ok(m.search(None, "FROM", '"ann@"')) == [b"1 2"]
ok(m.store("1", "+FLAGS", "(\\\\Deleted)"))
assert ok(m.expunge()) == [b"1"]
ok(m.append("Sent", "(\\\\Seen)", imaplib.Time2Internaldate(0), b"Subject: mine\\r\\n\\r\\nx\\r\\n"))
ok(m.create("a/b"))
assert any(b'"a/b"' in line for line in ok(m.list()))
ok(m.rename("a/b", "a/c"))
ok(m.delete("a/c"))
ok(m.subscribe("a"))
ok(m.status("Sent", "(MESSAGES UIDNEXT)"))
ok(m.uid("COPY", "2", "Sent"))
ok(m.namespace())
ok(m.unselect())
m.logout()
print("fine")
`;
    const finished = await run("python3", ["-c", script]);
    assert.equal(finished.stdout.trim(), "fine", finished.stderr);
  });

  peerTest("mbsync: both ways, and a second run moves nothing", ["mbsync"], async () => {
    const user = await accountWithMail(5);
    const home = await mkdtemp(join(folder, "mbsync-"));
    await mkdir(join(home, "mail"));
    await writeFile(
      join(home, "mbsyncrc"),
      `IMAPAccount posthorn
Host localhost
Port ${secure.endpoint.port}
User ${user}
Pass "${PASSWORD}"
SSLType IMAPS
SystemCertificates no
CertificateFile ${join(home, "certificate")}

IMAPStore far
Account posthorn

MaildirStore near
SubFolders Verbatim
Path ${home}/mail/
Inbox ${home}/mail/INBOX

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
Sync All
SyncState *
`,
    );
    const pem = await run("sh", [
      "-c",
      `openssl s_client -connect 127.0.0.1:${secure.endpoint.port} </dev/null 2>/dev/null | openssl x509`,
    ]);
    await writeFile(join(home, "certificate"), pem.stdout);
    const sync = async (): Promise<string> => {
      const finished = await run("mbsync", ["-c", join(home, "mbsyncrc"), "-V", "all"]);
      assert.equal(finished.status, 0, finished.stderr + finished.stdout);
      return finished.stdout + finished.stderr;
    };
    await sync();
    const inbox = join(home, "mail/INBOX");
    assert.equal(
      (await readdir(join(inbox, "new"))).length + (await readdir(join(inbox, "cur"))).length,
      5,
    );
    // One read here, one thrown away here, one written here.
    const names = (await readdir(join(inbox, "new"))).sort();
    await rename(
      join(inbox, "new", names[0]),
      join(inbox, "cur", `${names[0]}:2,FS`.replace(/:2,[^:]*(?=:2,)/, "")),
    );
    await rm(join(inbox, "new", names[1]));
    await writeFile(join(home, "mail/Sent/cur/1.1.here:2,S"), MESSAGE.replaceAll("\r\n", "\n"));
    await sync();
    const session = await world.login(user);
    await session.ok("SELECT INBOX");
    assert.deepEqual(await session.ok("SEARCH FLAGGED SEEN"), ["* SEARCH 1"]);
    assert.match((await session.ok("UID SEARCH ALL"))[0], /^\* SEARCH( \d){4}$/);
    assert.match((await session.ok("STATUS Sent (MESSAGES)"))[0], /MESSAGES 1/);
    const before = (await session.ok("STATUS INBOX (HIGHESTMODSEQ UIDNEXT)"))[0];
    const again = await sync();
    assert.equal((await session.ok("STATUS INBOX (HIGHESTMODSEQ UIDNEXT)"))[0], before);
    assert.doesNotMatch(again, /[^+*#-][1-9]\d*\/[1-9]/);
  });

  peerTest("mutt reads a mailbox and saves from it", ["mutt"], async () => {
    const user = await accountWithMail(2);
    const home = await mkdtemp(join(folder, "mutt-"));
    await writeFile(
      join(home, "muttrc"),
      `set ssl_verify_host=no
set ssl_verify_dates=no
set ssl_force_tls=yes
set ssl_usesystemcerts=no
set certificate_file=${join(home, "certificates")}
set imap_user="${user}"
set imap_pass="${PASSWORD}"
set folder="imaps://127.0.0.1:${secure.endpoint.port}/"
set spoolfile="+INBOX"
set confirmappend=no confirmcreate=no delete=yes quit=yes mark_old=no header_cache="" sleep_time=0
push "<save-message>${join(home, "saved")}<enter><sync-mailbox><quit>"
`,
    );
    const pem = await run("sh", [
      "-c",
      `openssl s_client -connect 127.0.0.1:${secure.endpoint.port} </dev/null 2>/dev/null | openssl x509`,
    ]);
    await writeFile(join(home, "certificates"), pem.stdout);
    const finished = await run("script", ["-qec", `mutt -F ${join(home, "muttrc")}`, "/dev/null"], {
      env: { HOME: home, TERM: "vt100" },
      timeoutMs: 20_000,
    });
    const saved = await run("cat", [join(home, "saved")]);
    assert.match(saved.stdout, /Subject: Hello from Ann/, finished.stdout.slice(-2000));
    const session = await world.login(user);
    await session.ok("SELECT INBOX");
    assert.equal((await session.ok("SEARCH ALL"))[0], "* SEARCH 1");
  });
});
