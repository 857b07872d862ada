/**
 * Mozilla Thunderbird reads mail here: it finds the mailboxes, subscribes to one, downloads and reads
 * messages, flags, moves, deletes and files them. What came of it is asked of the server.
 */

import assert from "node:assert/strict";
import { ImapFlow } from "imapflow";
import { makePosthornFolder } from "../system/posthorn-process.ts";
import { peerTest } from "./peers.ts";
import { startThunderbird } from "./thunderbird-program.ts";

const ADDRESS = "reader@posthorn.test";
const PASSWORD = "thunderbird-password";

function letter(number: number): string {
  return (
    `From: Anna <anna@a.example>\r\nTo: ${ADDRESS}\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= ${number}\r\n` +
    `Date: Fri, ${number} Jan 2026 10:00:00 +0000\r\nMessage-ID: <${number}@a.example>\r\n\r\nText ${number}.\r\n`
  );
}

/** What the scripts below have in common; a promise for each of Thunderbird's listeners. */
const HEAD = `
  const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
  const server = MailServices.accounts.accounts[0].incomingServer;
  const root = server.rootFolder;
  const heard = (start) => new Promise((resolve, reject) => {
    const end = (status) => status === 0 ? resolve() : reject(new Error("status " + status.toString(16)));
    start({
      OnStartRunningUrl() {}, OnStopRunningUrl(url, status) { end(status); },
      onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() {}, onStopCopy: end,
      QueryInterface: ChromeUtils.generateQI(["nsIUrlListener", "nsIMsgCopyServiceListener"]),
    });
  });
  const folderNamed = (name) => root.descendants.find((folder) => folder.name === name);
  const update = (folder) => heard((listener) =>
    folder.QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(top.msgWindow, listener));
  const until = async (what) => {
    for (let waits = 0; !what(); waits++) {
      if (waits === 500) throw new Error(root.descendants.map((folder) => folder.name).join());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const headers = (folder) => [...folder.messages];
`;

const FIND_MAILBOXES = `${HEAD}
  const { login, password } = args[0];
  const entry = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
  entry.init("imap://127.0.0.1", null, "imap://127.0.0.1", login, password, "", "");
  await Services.logins.addLoginAsync(entry);
  await update(root.descendants[0]);
  server.performExpand(top.msgWindow);
  await until(() => folderNamed("Listen & Größe") !== undefined && folderNamed("Sent") !== undefined);
  return root.descendants.map((folder) => folder.name);
`;

const SUBSCRIBE = `${HEAD}
  await heard((listener) => MailServices.imap.subscribeFolder(root, args[0], listener));
`;

const READ = `${HEAD}
  const inbox = folderNamed("Inbox") ?? folderNamed("INBOX");
  await update(inbox);
  await heard((listener) => inbox.downloadAllForOffline(listener, top.msgWindow));
  const { MsgHdrToMimeMessage } = ChromeUtils.importESModule("resource:///modules/gloda/MimeMessage.sys.mjs");
  const read = [];
  for (const header of headers(inbox)) {
    const message = await new Promise((resolve) =>
      MsgHdrToMimeMessage(header, null, (_header, mime) => resolve(mime), true));
    read.push([header.mime2DecodedSubject, message.coerceBodyToPlaintext(inbox).trim(), header.isRead]);
  }
  return read;
`;

const CHANGE = `${HEAD}
  const inbox = folderNamed("Inbox") ?? folderNamed("INBOX");
  const target = folderNamed("Listen & Größe");
  const [first, second, third] = headers(inbox);
  inbox.markMessagesRead([first], true);
  inbox.markMessagesFlagged([first], true);
  inbox.addKeywordsToMessages([first], "$label1");
  await heard((listener) => MailServices.copy.copyMessages(inbox, [second], target, true, listener, top.msgWindow, false));
  await heard((listener) => inbox.deleteMessages([third], top.msgWindow, false, false, listener, false));
  await update(inbox);
  return headers(inbox).length;
`;

peerTest(
  "Thunderbird finds, subscribes, downloads, reads, flags, moves and deletes",
  ["thunderbird"],
  async (context) => {
    const folder = await makePosthornFolder(context);
    await folder.must("domain", "add", "posthorn.test");
    await folder.addAccount(ADDRESS, PASSWORD);
    const server = await folder.start();
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: server.ports.imaps,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: ADDRESS, pass: PASSWORD },
      logger: false,
    });
    await client.connect();
    context.after(() => client.close());
    for (const number of [1, 2, 3, 4]) await client.append("INBOX", letter(number));
    await client.mailboxCreate("Listen & Größe");
    await client.mailboxSubscribe("Listen & Größe");
    await client.mailboxCreate("Apart");
    // imapflow subscribes to what it creates.
    await client.mailboxUnsubscribe("Apart");
    const thunderbird = await startThunderbird(folder.path, {
      address: ADDRESS,
      port: server.ports.imap,
    });
    context.after(() => thunderbird.stop());
    const names = (await thunderbird.script(FIND_MAILBOXES, {
      login: ADDRESS,
      password: PASSWORD,
    })) as string[];
    assert.ok(!names.includes("Apart"), "not subscribed, not shown");
    await thunderbird.script(SUBSCRIBE, "Apart");
    const subscribed = (await client.list()).filter((mailbox) => mailbox.subscribed);
    assert.ok(
      subscribed.some((mailbox) => mailbox.path === "Apart"),
      "subscribed",
    );

    const read = (await thunderbird.script(READ)) as [string, string, boolean][];
    assert.deepEqual(
      read,
      [1, 2, 3, 4].map((number) => [`Grüße ${number}`, `Text ${number}.`, false]),
    );

    assert.equal(await thunderbird.script(CHANGE), 2);
    await client.mailboxOpen("INBOX");
    const left = await client.fetchAll("1:*", { flags: true, envelope: true });
    assert.deepEqual(
      left.map(({ envelope }) => envelope?.messageId),
      ["<1@a.example>", "<4@a.example>"],
    );
    assert.deepEqual([...(left[0].flags ?? [])].sort(), ["$label1", "\\Flagged", "\\Seen"]);
    assert.deepEqual([...(left[1].flags ?? [])], []);
    await client.mailboxOpen("Listen & Größe");
    const [moved] = await client.fetchAll("1:*", { envelope: true });
    assert.equal(moved.envelope?.messageId, "<2@a.example>");
    await client.mailboxOpen("Trash");
    const [deleted] = await client.fetchAll("1:*", { envelope: true });
    assert.equal(deleted.envelope?.messageId, "<3@a.example>");
  },
);
