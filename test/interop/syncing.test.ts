/**
 * Debian's programs that sync: all mailboxes with flags and difficult names come, changes go both
 * ways, and a second sync moves nothing.
 */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, suite } from "node:test";
import {
  makePosthornFolder,
  type PosthornFolder,
  type PosthornProcess,
} from "../system/posthorn-process.ts";
import { filesBelow, letter, plantTree, readTree, stateOf, SYNC_PASSWORD } from "./mailbox-tree.ts";
import { peerTest, run, type Finished } from "./peers.ts";

suite("programs that sync", () => {
  let folder: PosthornFolder;
  let server: PosthornProcess;
  const endings: (() => void | Promise<void>)[] = [];

  before(async () => {
    const config = "[imap]\ngmail = true\n";
    folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) }, { config });
    await folder.must("domain", "add", "posthorn.test");
    server = await folder.start();
  });
  after(async () => {
    await server.stop();
    for (const end of endings) await end();
  });

  /** An account with mail, and a home for the program. */
  async function begin(name: string): Promise<{ account: string; home: string }> {
    const account = `${name}@posthorn.test`;
    await folder.addAccount(account, SYNC_PASSWORD);
    await plantTree(server, account);
    const home = join(folder.path, name);
    mkdirSync(home);
    return { account, home };
  }

  const successful = (done: Finished): string => {
    assert.equal(done.status, 0, done.stdout + done.stderr);
    return done.stdout + done.stderr;
  };

  /** Maildir files of one folder: number of the letter by path. */
  function letters(maildir: string): Map<number, string> {
    const found = new Map<number, string>();
    for (const part of ["cur", "new"]) {
      for (const file of readdirSync(join(maildir, part))) {
        const path = join(maildir, part, file);
        const number = /^Message-ID: <letter-(\d+)@/im.exec(readFileSync(path, "latin1"))?.[1];
        found.set(Number(number), path);
      }
    }
    return found;
  }

  const setFlags = (path: string, flags: string): void => {
    const name = `${basename(path).replace(/:2,.*/, "")}:2,${flags}`;
    renameSync(path, join(path, "../../cur", name));
  };

  /** The same for every program that keeps a Maildir for each mailbox. */
  async function syncsMaildirs(
    way: { account: string; home: string; inbox: string; target: string },
    sync: () => Promise<unknown>,
  ): Promise<void> {
    const { account, home, inbox, target } = way;
    await sync();
    const got = letters(inbox);
    assert.deepEqual([...got.keys()].sort(), [1, 2, 3, 4]);
    assert.match(got.get(3) ?? "", /:2,FS$/);
    assert.deepEqual([...letters(target).keys()].sort(), [6, 7]);

    // One read, one deleted, one written; and on the server one flagged.
    setFlags(got.get(1) ?? "", "S");
    rmSync(got.get(2) ?? "");
    writeFileSync(join(target, "cur", "1700000000.1_1.here:2,FS"), letter(9).replaceAll("\r", ""));
    await sync();
    await sync();
    assert.deepEqual(await readTree(server, account), {
      INBOX: ["letter-1 \\Seen", "letter-3 \\Flagged \\Seen", "letter-4"],
      Grüße: ["letter-6 \\Flagged", "letter-7", "letter-9 \\Flagged \\Seen"],
      "Grüße/Übung 1": ["letter-8 \\Draft"],
      "Projects & Plans": ["letter-5 \\Answered \\Seen"],
    });
    const [there, here] = [await stateOf(server, account), filesBelow(join(home, "mail"))];
    await sync();
    assert.deepEqual(await stateOf(server, account), there, "nothing moves there");
    assert.deepEqual(filesBelow(join(home, "mail")), here, "nothing moves here");
  }

  peerTest("offlineimap", ["offlineimap"], async () => {
    const { account, home } = await begin("offlineimap");
    const rc = join(home, "offlineimaprc");
    writeFileSync(
      rc,
      [
        "[general]",
        "accounts = one",
        `metadata = ${home}/state`,
        "ui = basic",
        "[Account one]",
        "localrepository = here",
        "remoterepository = there",
        "utf8foldernames = yes",
        "[Repository here]",
        "type = Maildir",
        `localfolders = ${home}/mail`,
        "sep = /",
        "[Repository there]",
        "type = IMAP",
        "remotehost = 127.0.0.1",
        `remoteport = ${server.ports.imap}`,
        `remoteuser = ${account}`,
        `remotepass = ${SYNC_PASSWORD}`,
        "ssl = no",
        "starttls = no",
        "auth_mechanisms = PLAIN",
        "",
      ].join("\n"),
    );
    mkdirSync(join(home, "mail"));
    const inbox = join(home, "mail/INBOX");
    await syncsMaildirs({ account, home, inbox, target: join(home, "mail/Grüße") }, async () =>
      successful(await run("offlineimap", ["-c", rc, "-o", "-1"], { env: { HOME: home } })),
    );
  });

  peerTest("mbsync", ["mbsync"], async () => {
    const { account, home } = await begin("mbsync");
    const rc = join(home, "mbsyncrc");
    writeFileSync(
      rc,
      [
        ...["IMAPStore there", "Host 127.0.0.1", `Port ${server.ports.imap}`, "SSLType None"],
        ...[`User ${account}`, `Pass ${SYNC_PASSWORD}`, "AuthMechs LOGIN", ""],
        ...["MaildirStore here", `Path ${home}/mail/`, `Inbox ${home}/mail/INBOX`],
        ...["SubFolders Verbatim", "", "Channel all", "Far :there:", "Near :here:", "Patterns *"],
        ...["Create Both", "Expunge Both", "SyncState *", ""],
      ].join("\n"),
    );
    mkdirSync(join(home, "mail"));
    const inbox = join(home, "mail/INBOX");
    // mbsync keeps names as they are on the wire.
    await syncsMaildirs(
      { account, home, inbox, target: join(home, "mail/Gr&APwA3w-e") },
      async () => successful(await run("mbsync", ["-c", rc, "all"], { env: { HOME: home } })),
    );
  });

  peerTest(
    "mutt flags, moves, deletes and files in mailboxes with such names",
    ["mutt", "script"],
    async () => {
      const { account, home } = await begin("mutt");
      const start = async (keys: string): Promise<void> => {
        const rc = join(home, "muttrc");
        writeFileSync(
          rc,
          [
            'set ssl_starttls=no ssl_force_tls=no charset="utf-8" sleep_time=0 header_cache=""',
            `set imap_user="${account}" imap_pass="${SYNC_PASSWORD}" imap_authenticators="login"`,
            `set folder="imap://127.0.0.1:${server.ports.imap}/" spoolfile="+INBOX" record="" sort=date`,
            "set confirmappend=no confirmcreate=no delete=yes quit=yes mark_old=no move=no wait_key=no",
            "set auto_tag=no resolve=no postponed=+Drafts",
            `push "${keys}"`,
            "",
          ].join("\n"),
        );
        const done = await run("script", ["-qec", `mutt -n -F ${rc}`, "/dev/null"], {
          env: { HOME: home, TERM: "vt100", LANG: "C.UTF-8", LC_ALL: "C.UTF-8" },
          timeoutMs: 20_000,
        });
        assert.equal(done.status, 0, done.stdout.slice(-2000));
      };
      await start(
        "<first-entry><flag-message>" +
          "<next-entry><save-message>\\Cu=Projects\\Cv &\\Cv Plans<enter>" +
          "<last-entry><delete-message><sync-mailbox>" +
          "<change-folder>\\Cu=Grüße<enter><last-entry><copy-message>\\Cu=Grüße/Übung\\Cv 1<enter><sync-mailbox><quit>",
      );
      const expected = {
        INBOX: ["letter-1 \\Flagged", "letter-3 \\Flagged \\Seen"],
        Grüße: ["letter-6 \\Flagged", "letter-7"],
        "Grüße/Übung 1": ["letter-7", "letter-8 \\Draft"],
        "Projects & Plans": ["letter-2 \\Seen", "letter-5 \\Answered \\Seen"],
      };
      assert.deepEqual(await readTree(server, account), expected);
      const there = await stateOf(server, account);
      await start("<change-folder>\\Cu=Grüße<enter><sync-mailbox><quit>");
      assert.deepEqual(await stateOf(server, account), there, "looking moves nothing");
    },
  );

  peerTest("curl reads, flags, moves and files", ["curl"], async () => {
    const { account, home } = await begin("curl");
    const url = `imap://127.0.0.1:${server.ports.imap}`;
    const curl = async (...args: string[]): Promise<string> =>
      successful(await run("curl", ["-sS", "-u", `${account}:${SYNC_PASSWORD}`, ...args]));
    const listed = await curl(`${url}/`);
    for (const name of ["INBOX", "Projects &- Plans", "Gr&APwA3w-e"]) {
      assert.ok(listed.includes(name), listed);
    }
    const read = await curl(`${url}/Projects%20%26-%20Plans;MAILINDEX=1`);
    assert.equal(read, letter(5));
    const wire = "Gr%26APwA3w-e";
    await curl(`${url}/${wire}`, "-X", "UID STORE 2 +FLAGS.SILENT (\\Answered)");
    await curl(`${url}/INBOX`, "-X", 'UID MOVE 1 "Projects &- Plans"');
    writeFileSync(join(home, "letter"), letter(9));
    await curl("-T", join(home, "letter"), `${url}/${wire}`);
    assert.deepEqual(await readTree(server, account), {
      INBOX: ["letter-2 \\Seen", "letter-3 \\Flagged \\Seen", "letter-4"],
      Grüße: ["letter-6 \\Flagged", "letter-7 \\Answered", "letter-9 \\Seen"],
      "Grüße/Übung 1": ["letter-8 \\Draft"],
      "Projects & Plans": ["letter-1", "letter-5 \\Answered \\Seen"],
    });
  });

  peerTest("fetchmail takes what is new of several mailboxes, once", ["fetchmail"], async () => {
    const { account, home } = await begin("fetchmail");
    const rc = join(home, "fetchmailrc");
    const sink = join(home, "sink");
    writeFileSync(
      rc,
      `poll 127.0.0.1 service ${server.ports.imap} protocol imap user "${account}" password "${SYNC_PASSWORD}"
       sslproto "" folder "INBOX","Projects &- Plans","Gr&APwA3w-e" keep mda "cat >> ${sink}"\n`.replace(
        " fetchall",
        "",
      ),
      { mode: 0o600 },
    );
    const fetch = (): Promise<Finished> =>
      run("fetchmail", ["-f", rc, "-N", "--pidfile", join(home, "pid")], {
        env: { HOME: home, FETCHMAILHOME: home, LC_ALL: "C" },
      });
    const taken = (): string[] =>
      (readFileSync(sink, "latin1").match(/^Subject: Letter \d+/gm) ?? []).sort();
    successful(await fetch());
    const unseen = [1, 4, 6, 7].map((number) => `Subject: Letter ${number}`);
    assert.deepEqual(taken(), unseen);
    const there = await stateOf(server, account);
    assert.equal((await fetch()).status, 1, "no mail");
    assert.deepEqual(taken(), unseen);
    assert.deepEqual(await stateOf(server, account), there, "nothing moves");
  });

  peerTest(
    "getmail takes all mailboxes over IMAP, and understands Gmail's items of them, once",
    ["getmail"],
    async () => {
      const { account, home } = await begin("getmail");
      const sink = join(home, "sink");
      writeFileSync(
        join(home, "getmailrc"),
        [
          ...["[retriever]", "type = SimpleIMAPRetriever", "server = 127.0.0.1"],
          ...[
            `port = ${server.ports.imap}`,
            `username = ${account}`,
            `password = ${SYNC_PASSWORD}`,
          ],
          'mailboxes = ("INBOX", "Projects & Plans", "Grüße/Übung 1")',
          ...[
            "[destination]",
            "type = MDA_external",
            "path = /bin/sh",
            "allow_root_commands = true",
          ],
          `arguments = ("-c", "cat >> ${sink}; sleep 0.2")`,
          ...["[options]", "read_all = false", "delete = false", ""],
        ].join("\n"),
        { mode: 0o600 },
      );
      const fetch = async (): Promise<string> =>
        successful(
          await run("getmail", [`--getmaildir=${home}`, "--rcfile=getmailrc"], {
            env: { HOME: home, LC_ALL: "C.UTF-8" },
          }),
        );
      const taken = (): string[] =>
        (readFileSync(sink, "latin1").match(/^Subject: Letter \d+/gm) ?? []).sort();
      assert.doesNotMatch(await fetch(), /Could not parse/);
      const all = [1, 2, 3, 4, 5, 8].map((number) => `Subject: Letter ${number}`);
      assert.deepEqual(taken(), all);
      const there = await stateOf(server, account);
      await fetch();
      assert.deepEqual(await stateOf(server, account), there);
      assert.deepEqual(taken(), all);
    },
  );

  peerTest("s-nail reads and flags over IMAP", ["s-nail"], async () => {
    const { account, home } = await begin("s-nail");
    const user = encodeURIComponent(account);
    const url = `imap://${user}:${SYNC_PASSWORD}@127.0.0.1:${server.ports.imap}`;
    const nail = async (commands: string[]): Promise<string> =>
      successful(
        await run(
          "s-nail",
          [
            "-n",
            "-#",
            "-Sv15-compat",
            "-Simap-auth=login",
            "-Snoimap-use-starttls",
            "-Sttycharset=utf-8",
          ],
          {
            input: `${[`folder ${url}/INBOX`, ...commands, "quit"].join("\n")}\n`,
            env: { HOME: home, LC_ALL: "C.UTF-8", MAILRC: "/dev/null" },
          },
        ),
      );
    const shown = await nail(["headers", "type 1", "flag 4", "delete 2"]);
    assert.match(shown, /Letter 3/);
    assert.match(shown, /Text 1\./);
    const tree = await readTree(server, account);
    assert.deepEqual(tree.INBOX, [
      "letter-1 \\Seen",
      "letter-3 \\Flagged \\Seen",
      "letter-4 \\Flagged",
    ]);
    const there = await stateOf(server, account);
    await nail(["headers"]);
    assert.deepEqual(await stateOf(server, account), there);
  });

  peerTest("curl reads other mailboxes over POP3 by the login name", ["curl"], async () => {
    const { account } = await begin("curl-pop");
    const [name, domain] = account.split("@");
    for (const [mailbox, number] of [
      ["Projects & Plans", 5],
      ["Grüße/Übung 1", 8],
    ] as const) {
      const login = `${name}+${mailbox}@${domain}:${SYNC_PASSWORD}`;
      const url = `pop3://127.0.0.1:${server.ports.pop3}/`;
      const read = await run("curl", ["-sS", "-u", login, `${url}1`]);
      assert.equal(successful(read), letter(number));
      assert.equal(
        successful(await run("curl", ["-sS", "-u", login, "-I", "-X", "DELE 1", url])),
        "",
      );
    }
    const tree = await readTree(server, account);
    assert.deepEqual(Object.keys(tree).sort(), ["Grüße", "INBOX"]);
  });

  peerTest("python's imaplib: both ways by UID, flags and MODSEQ", ["python3"], async () => {
    const { account } = await begin("imaplib");
    const script = `
import imaplib, re, sys
account, password, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
m = imaplib.IMAP4("127.0.0.1", port)
def ok(result):
    assert result[0] == "OK", result
    return result[1]
ok(m.login(account, password))
def sync(known):
    moved = 0
    for line in ok(m.list()):
        name = re.search(rb'"/" (.*)$', line).group(1).decode()
        ok(m.select(name))
        since = known.get(name, 0)
        state = ok(m.status(name, "(HIGHESTMODSEQ)"))[0]
        changed = [item for item in ok(m.uid("FETCH", "1:*", "(FLAGS)", "(CHANGEDSINCE %d)" % since)) if item]
        moved += len(changed)
        known[name] = int(re.search(rb"HIGHESTMODSEQ (\\d+)", state).group(1))
    return moved
known = {}
print(sync(known), sync(known))
ok(m.select("INBOX"))
ok(m.uid("STORE", "1", "+FLAGS", "(\\\\Flagged)"))
ok(m.uid("MOVE", "2", '"Projects &- Plans"'))
ok(m.uid("STORE", "4", "+FLAGS.SILENT", "(\\\\Deleted)"))
ok(m.expunge())
ok(m.append("Gr&APwA3w-e", "(\\\\Seen)", None, sys.argv[4].encode()))
print(sync(known), sync(known))
m.logout()
`;
    const args = ["-c", script, account, SYNC_PASSWORD, String(server.ports.imap), letter(9)];
    const told = successful(await run("python3", args));
    // Flagged, moved, appended; nothing the second time.
    assert.deepEqual(told.trim().split("\n"), ["8 0", "3 0"]);
    assert.deepEqual(await readTree(server, account), {
      INBOX: ["letter-1 \\Flagged", "letter-3 \\Flagged \\Seen"],
      Grüße: ["letter-6 \\Flagged", "letter-7", "letter-9 \\Seen"],
      "Grüße/Übung 1": ["letter-8 \\Draft"],
      "Projects & Plans": ["letter-2 \\Seen", "letter-5 \\Answered \\Seen"],
    });
  });
});
