import { test } from "node:test";
import assert from "node:assert/strict";
import { concatBytes, decodeUtf8, encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { isMailError } from "../../base/errors.ts";
import { makeMemoryPipe, type MemoryChannel } from "../../base/testing/memory-channel.ts";
import type { ClientMechanism } from "../../sasl/mechanism.ts";
import { CommandRefused } from "./command-refused.ts";
import { ImapClient } from "./imap-client.ts";
import type { MailboxNews } from "./selected-mailbox.ts";

/** Plays the server's part of a script: `S: ` lines are sent, `C: ` lines must come, octet for octet. */
async function playServer(channel: MemoryChannel, script: readonly string[]): Promise<void> {
  let received: Uint8Array = new Uint8Array(0);
  for (const line of script) {
    const octets = encodeUtf8(`${line.slice(3)}\r\n`);
    if (line.startsWith("S: ")) {
      await channel.write(octets);
    } else if (line.startsWith("C: ")) {
      while (received.length < octets.length) {
        const more = await channel.read(1000);
        assert.ok(more !== undefined, `the client left before: ${line}`);
        received = concatBytes([received, more]);
      }
      assert.equal(decodeUtf8(received.subarray(0, octets.length)), decodeUtf8(octets));
      received = received.slice(octets.length);
    } else if (line === "TLS") {
      await channel.startTls();
    } else if (line === "CLOSE") {
      channel.abort();
    }
  }
  assert.equal(decodeUtf8(received), "", "nothing more from the client");
}

/** Runs `act` against `script`, whole and in small pieces; the outcome must be the same. */
async function dialogue<T>(
  script: readonly string[],
  act: (client: ImapClient, channel: MemoryChannel) => Promise<T>,
): Promise<T> {
  const outcomes: T[] = [];
  for (const chunkOctets of [1_000_000, 1, 2, 3, 7]) {
    const { client, server } = makeMemoryPipe({ chunkOctets });
    const played = playServer(server, script);
    const [outcome] = await Promise.all([act(new ImapClient(client), client), played]);
    outcomes.push(outcome);
  }
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  return outcomes[0];
}

const GREETING = "S: * OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE LITERAL- IDLE] hello";

async function opened(client: ImapClient): Promise<ImapClient> {
  await client.open();
  return client;
}

test("greeting, capability, login, logout", async () => {
  await dialogue(
    [
      "S: * OK hello",
      "C: p1 CAPABILITY",
      "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
      "S: p1 OK done",
      'C: p2 LOGIN "anna" "p\\"\\\\w"',
      "S: p2 OK [CAPABILITY IMAP4rev1 IDLE] in",
      "C: p3 LOGOUT",
      "S: * BYE",
      "S: p3 OK",
    ],
    async (client) => {
      assert.equal(await client.open(), "ok");
      assert.deepEqual(client.mechanisms, ["PLAIN"]);
      await client.login("anna", 'p"\\w');
      assert.ok(client.has("IDLE"));
      await client.logout();
    },
  );
});

test("a password with an umlaut goes as a literal that waits; a refusal there is a refusal", async () => {
  const error = await dialogue(
    [
      "S: * OK [CAPABILITY IMAP4rev1] hi",
      'C: p1 LOGIN "a" {3}',
      "S: p1 NO [AUTHENTICATIONFAILED] no",
    ],
    async (client) => {
      await client.open();
      return client.login("a", "ü!").then(
        () => undefined,
        (problem: unknown) => problem,
      );
    },
  );
  assert.ok(error instanceof CommandRefused && error.responseCode?.name === "AUTHENTICATIONFAILED");
});

test("literals wait for + without LITERAL+, and do not with it", async () => {
  await dialogue(
    [
      GREETING,
      'C: p1 LOGIN "a" {3+}',
      "C: ü!",
      "S: p1 OK [CAPABILITY IMAP4rev1] in",
      'C: p2 APPEND "x" {3}',
      "S: + go",
      "C: abc",
      "S: p2 OK [APPENDUID 7 9] put",
    ],
    async (client) => {
      await client.open();
      await client.login("a", "ü!");
      assert.deepEqual(await client.append("x", encodeLatin1("abc")), { uidValidity: 7, uid: 9 });
    },
  );
});

test("security row 12: what came before TLS is dropped, and capabilities are asked again", async () => {
  await dialogue(
    [
      "S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi",
      "C: p1 STARTTLS",
      "S: p1 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=EVIL\r\np2 OK injected\r\n* PREAUTH x",
      "TLS",
      "C: p2 CAPABILITY",
      "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
      "S: p2 OK really",
    ],
    async (client, channel) => {
      await client.open();
      await assert.rejects(client.login("a", "b"), /LOGINDISABLED/);
      await client.startTls({ serverName: "mail.example", verify: true });
      assert.deepEqual(client.mechanisms, ["PLAIN"]);
      assert.deepEqual(channel.wish, { serverName: "mail.example", verify: true });
    },
  );
});

test("security row 15: PREAUTH and a missing STARTTLS end a connection that was to be made safe", async () => {
  for (const greeting of [
    "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] in",
    "* OK [CAPABILITY IMAP4rev1] hi",
  ]) {
    await dialogue([`S: ${greeting}`], async (client) => {
      await client.open();
      await assert.rejects(client.startTls({ serverName: "x", verify: true }), (error) =>
        isMailError(error, "tls-failed"),
      );
    });
  }
});

/** Sends `first`, answers `c1` with `r1`, and accepts nothing less than the final `v=ok`. */
function proof(first: string | undefined): ClientMechanism & { isProved: boolean } {
  return {
    name: "PROOF",
    isProved: false,
    initial: () => (first === undefined ? undefined : encodeLatin1(first)),
    async step(challenge) {
      const text = decodeUtf8(challenge);
      if (text === "c1") return encodeLatin1("r1");
      this.isProved = text === "v=ok";
      return new Uint8Array(0);
    },
    verify() {
      return this.isProved;
    },
  };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("AUTHENTICATE with and without an initial response", async () => {
  const end = [
    `S: + ${base64("c1")}`,
    `C: ${base64("r1")}`,
    `S: + ${base64("v=ok")}`,
    "C: ",
    "S: p1 OK [CAPABILITY X] in",
  ];
  await dialogue(
    [
      `S: * OK [CAPABILITY IMAP4rev1 SASL-IR] hi`,
      `C: p1 AUTHENTICATE PROOF ${base64("i")}`,
      ...end,
    ],
    async (client) => (await opened(client)).authenticate(proof("i")),
  );
  await dialogue(
    [
      `S: * OK [CAPABILITY IMAP4rev1] hi`,
      `C: p1 AUTHENTICATE PROOF`,
      "S: + ",
      `C: ${base64("i")}`,
      ...end,
    ],
    async (client) => (await opened(client)).authenticate(proof("i")),
  );
  await dialogue(
    [`S: * OK [CAPABILITY IMAP4rev1 SASL-IR] hi`, `C: p1 AUTHENTICATE PROOF =`, ...end],
    async (client) => (await opened(client)).authenticate(proof("")),
  );
});

test("security row 36: a server that cannot prove itself is left, and nonsense is answered with *", async () => {
  await dialogue(
    [
      "S: * OK [CAPABILITY SASL-IR] hi",
      `C: p1 AUTHENTICATE PROOF ${base64("i")}`,
      "S: p1 OK [CAPABILITY X] in",
    ],
    async (client) => {
      await assert.rejects((await opened(client)).authenticate(proof("i")), /prove/);
    },
  );
  await dialogue(
    [
      "S: * OK [CAPABILITY SASL-IR] hi",
      `C: p1 AUTHENTICATE PROOF ${base64("i")}`,
      "S: + %%%",
      "C: *",
      "S: p1 BAD",
    ],
    async (client) => {
      await assert.rejects((await opened(client)).authenticate(proof("i")), /base64/);
    },
  );
});

test("LIST and STATUS, plain and extended, with names in modified UTF-7", async () => {
  const plain = await dialogue(
    [
      "S: * OK [CAPABILITY IMAP4rev1] hi",
      'C: p1 LIST "" "*"',
      'S: * LIST (\\HasNoChildren) "/" inbox',
      'S: * LIST (\\Sent) "/" "Entw&APw-rfe"',
      'S: * LIST (\\Noselect) "/" {5}\r\na"b c',
      "S: p1 OK",
      'C: p2 STATUS "INBOX" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)',
      "S: * STATUS INBOX (MESSAGES 3 UNSEEN 1 X (1) UIDNEXT 8)",
      "S: p2 OK",
      'C: p3 STATUS "Entw&APw-rfe" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)',
      "S: p3 NO gone",
    ],
    async (client) => {
      await client.open();
      return client.list("*", { withStatus: true }).then(
        () => "listed",
        (error: unknown) => String(error),
      );
    },
  );
  assert.match(plain, /refused STATUS: gone/);
  const extended = await dialogue(
    [
      "S: * OK [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS SPECIAL-USE] hi",
      'C: p1 LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))',
      'S: * LIST (\\Sent) "/" "Entw&APw-rfe"',
      'S: * STATUS "Entw&APw-rfe" (MESSAGES 2)',
      "S: p1 OK",
    ],
    async (client) => (await opened(client)).list("*", { withStatus: true }),
  );
  assert.equal(extended[0].name, "Entwürfe");
  assert.deepEqual([...extended[0].attributes], ["\\sent"]);
  assert.equal(extended[0].status?.messages, 2);
});

const SELECT = [
  'C: p1 SELECT "INBOX"',
  "S: * FLAGS (\\Answered \\Seen)",
  "S: * 3 EXISTS",
  "S: * OK [UIDVALIDITY 17] valid",
  "S: * OK [UIDNEXT 12] next",
  "S: * OK [PERMANENTFLAGS (\\Seen \\*)] kept",
  "S: p1 OK [READ-WRITE] open",
];

test("SELECT and FETCH: envelope, structure, flags, sections, and news in between", async () => {
  const outcome = await dialogue(
    [
      GREETING,
      ...SELECT,
      "C: p2 UID FETCH 4:5,9 (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER])",
      'S: * 1 FETCH (UID 4 FLAGS (\\Seen $x) RFC822.SIZE 44827 INTERNALDATE "17-Jul-1996 02:44:25 -0700" ENVELOPE ("Wed" "=?utf-8?q?S?=" (("A B" NIL "a" "x.org")(NIL NIL "team" NIL)("" NIL "b" "y.org")(NIL NIL NIL NIL)) NIL NIL NIL NIL NIL "<i@x>" "<m@x>") BODYSTRUCTURE (("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 11 1 NIL ("INLINE" NIL))("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 99 ("d" "inner" NIL NIL NIL NIL NIL NIL NIL "<n@x>") (("TEXT" "HTML" NIL NIL NIL "BASE64" 3 1)("IMAGE" "PNG" ("NAME" "a.png") "<c@x>" "pic" "BASE64" 9 NIL ("ATTACHMENT" ("FILENAME" "b.png"))) "RELATED") 5) "MIXED" ("BOUNDARY" "q")) BODY[HEADER] {4}\r\nA: b)',
      "S: * 4 EXISTS",
      "S: * 2 FETCH (FLAGS ())",
      "S: * 1 EXPUNGE",
      "S: p2 OK",
    ],
    async (client) => {
      await client.open();
      const mailbox = await client.select("inbox");
      const news: MailboxNews[] = [];
      mailbox.onChange = (item) => news.push(item);
      const seen: unknown[] = [];
      await mailbox.fetch(
        [9, 5, 4],
        ["flags", "envelope", "structure", "size", "date", { section: "HEADER" }],
        (message) => seen.push(message),
      );
      return {
        seen,
        news: news.map((item) => item.type),
        messages: mailbox.messages,
        uidValidity: mailbox.uidValidity,
        permanentFlags: mailbox.permanentFlags,
      };
    },
  );
  assert.deepEqual(outcome.news, ["exists", "flags", "expunged"]);
  assert.equal(outcome.messages, 3);
  assert.equal(outcome.uidValidity, 17);
  assert.deepEqual(outcome.permanentFlags, ["\\Seen", "\\*"]);
  // oxlint-disable-next-line typescript/no-explicit-any -- a tree of anything, compared below
  const [message] = outcome.seen as any[];
  assert.equal(message.sizeOctets, 44827);
  assert.equal(message.internalDateMs, Date.UTC(1996, 6, 17, 9, 44, 25));
  assert.deepEqual(message.flags, ["\\Seen", "$x"]);
  assert.deepEqual(message.envelope.from, [
    { displayName: "A B", localPart: "a", domain: "x.org" },
    { displayName: "", localPart: "b", domain: "y.org" },
  ]);
  assert.equal(message.envelope.inReplyTo, "<i@x>");
  const [text, inner] = message.structure.children;
  assert.deepEqual([text.section, text.subtype, text.disposition], ["1", "plain", "inline"]);
  assert.equal(inner.message.envelope.subject, "inner");
  const picture = inner.message.body.children[1];
  assert.deepEqual([picture.section, picture.dispositionParams.get("filename")], ["2.2", "b.png"]);
  assert.equal(decodeUtf8(message.sections.get("HEADER")), "A: b");
});

test("a section of any size is handed on in pieces; short ones may be quoted", async () => {
  const body = "x".repeat(5000);
  const octets = await dialogue(
    [
      GREETING,
      ...SELECT,
      "C: p2 UID FETCH 4 (UID BODY.PEEK[])",
      `S: * 1 FETCH (BODY[] {5000}\r\n${body} UID 4)`,
      "S: p2 OK",
      "C: p3 UID FETCH 5 (UID BODY.PEEK[1])",
      'S: * 2 FETCH (UID 5 BODY[1] "ab")',
      "S: p3 OK",
      "C: p4 UID FETCH 6 (UID BODY.PEEK[])",
      "S: p4 OK",
    ],
    async (client) => {
      await client.open();
      const mailbox = await client.select("INBOX");
      const read = async (uid: number, section: string): Promise<string> => {
        const pieces: Uint8Array[] = [];
        const isFound = await mailbox.read(uid, section, (piece) => void pieces.push(piece));
        return `${isFound} ${decodeUtf8(concatBytes(pieces))}`;
      };
      return [await read(4, ""), await read(5, "1"), await read(6, "")];
    },
  );
  assert.deepEqual(octets, [`true ${body}`, "true ab", "false "]);
});

test("SEARCH: keys, charset, ESEARCH", async () => {
  const found = await dialogue(
    [
      GREETING,
      ...SELECT,
      'C: p2 UID SEARCH (SUBJECT "a \\"b") (NOT (OR (SEEN) (SINCE 01-Feb-1994)))',
      "S: * SEARCH 9 4",
      "S: * SEARCH 5",
      "S: p2 OK",
      "C: p3 UID SEARCH CHARSET UTF-8 FROM {2+}",
      "C: ü",
      'S: * ESEARCH (TAG "p3") UID ALL 2,10:11',
      "S: p3 OK",
    ],
    async (client) => {
      await client.open();
      const mailbox = await client.select("INBOX");
      return [
        await mailbox.search({
          key: "and",
          all: [
            { key: "subject", text: 'a "b' },
            {
              key: "not",
              of: {
                key: "or",
                either: { key: "is", is: "seen" },
                or: { key: "since", atMs: Date.UTC(1994, 1, 1) },
              },
            },
          ],
        }),
        await mailbox.search({ key: "from", text: "ü" }),
      ];
    },
  );
  assert.deepEqual(found, [
    [4, 5, 9],
    [2, 10, 11],
  ]);
});

test("STORE, COPY, MOVE, EXPUNGE", async () => {
  const copied = await dialogue(
    [
      GREETING,
      ...SELECT,
      "C: p2 UID STORE 4:5 +FLAGS.SILENT (\\Seen $Forwarded)",
      "S: p2 OK",
      'C: p3 UID COPY 4,9 "Archiv&AOQ-"',
      "S: p3 OK [COPYUID 3 4,9 20:21] done",
      'C: p4 UID MOVE 5 "Trash"',
      "S: * OK [COPYUID 3 5 22] moved",
      "S: * 1 EXPUNGE",
      "S: p4 OK done",
      "C: p5 UID EXPUNGE 4",
      "S: p5 OK",
    ],
    async (client) => {
      await client.open();
      const mailbox = await client.select("INBOX");
      await mailbox.addFlags([5, 4], ["\\Seen", "$Forwarded"]);
      const first = await mailbox.copy([4, 9], "Archivä");
      const second = await mailbox.move([5], "Trash");
      await mailbox.expunge([4]);
      return [...first, ...second];
    },
  );
  assert.deepEqual(copied, [
    [4, 20],
    [9, 21],
    [5, 22],
  ]);
});

test("MOVE without MOVE and UIDPLUS spares what others have flagged", async () => {
  await dialogue(
    [
      "S: * OK [CAPABILITY IMAP4rev1] hi",
      ...SELECT,
      'C: p2 UID COPY 4 "Trash"',
      "S: p2 OK",
      "C: p3 UID STORE 4 +FLAGS.SILENT (\\Deleted)",
      "S: p3 OK",
      "C: p4 UID SEARCH DELETED",
      "S: * SEARCH 4 8",
      "S: p4 OK",
      "C: p5 UID STORE 8 -FLAGS.SILENT (\\Deleted)",
      "S: p5 OK",
      "C: p6 EXPUNGE",
      "S: * 1 EXPUNGE",
      "S: p6 OK",
      "C: p7 UID STORE 8 +FLAGS.SILENT (\\Deleted)",
      "S: p7 OK",
    ],
    async (client) => {
      await client.open();
      await (await client.select("INBOX")).move([4], "Trash");
    },
  );
});

test("IDLE until told to stop", async () => {
  const news = await dialogue(
    [GREETING, ...SELECT, "C: p2 IDLE", "S: + idling", "S: * 5 EXISTS", "C: DONE", "S: p2 OK"],
    async (client) => {
      await client.open();
      const mailbox = await client.select("INBOX");
      const stop = new AbortController();
      mailbox.onChange = () => stop.abort();
      await mailbox.idle(stop.signal);
      return mailbox.messages;
    },
  );
  assert.equal(news, 5);
});

test("APPEND makes the mailbox when it is missing", async () => {
  await dialogue(
    [
      GREETING,
      'C: p1 APPEND "Sent" (\\Seen) "01-Feb-1994 12:30:00 +0000" {3+}',
      "C: abc",
      "S: p1 NO [TRYCREATE] none",
      'C: p2 CREATE "Sent"',
      "S: p2 OK",
      'C: p3 APPEND "Sent" (\\Seen) "01-Feb-1994 12:30:00 +0000" {3+}',
      "C: abc",
      "S: p3 OK",
    ],
    async (client) => {
      await client.open();
      const options = { flags: ["\\Seen"], dateMs: Date.UTC(1994, 1, 1, 12, 30), create: true };
      assert.equal(await client.append("Sent", encodeLatin1("abc"), options), undefined);
    },
  );
});

test("UNSELECT, or EXAMINE and CLOSE where there is none", async () => {
  await dialogue(
    [GREETING, ...SELECT, 'C: p2 EXAMINE "INBOX"', "S: p2 OK", "C: p3 CLOSE", "S: p3 OK"],
    async (client) => {
      await client.open();
      const mailbox = await client.select("INBOX");
      await client.unselect();
      await assert.rejects(mailbox.search({ key: "is", is: "all" }), /selected/);
    },
  );
});

test("a server that speaks nonsense or leaves is reported as what it is", async () => {
  const rows: [string[], string][] = [
    [["S: 220 smtp.example ESMTP"], "protocol-broken"],
    [["S: * OK hi", "C: p1 CAPABILITY", "S: p9 OK what"], "protocol-broken"],
    [["S: * OK hi", "C: p1 CAPABILITY", "S: + go"], "protocol-broken"],
    [["S: * OK hi", "C: p1 CAPABILITY", "S: * BYE shutting down", "CLOSE"], "channel-closed"],
    [["S: * BYE too many"], "refused"],
    [["CLOSE"], "channel-closed"],
    [["S: * OK hi", "C: p1 CAPABILITY", "S: * X {99999999999}", "S: p1 OK"], "protocol-broken"],
  ];
  for (const [script, code] of rows) {
    const error = await dialogue(script, (client) =>
      client.open().then(
        () => undefined,
        (problem: unknown) => problem,
      ),
    );
    assert.ok(isMailError(error), String(error));
    assert.equal(error.code, code, script.join(" | "));
  }
});

test("untagged responses nobody can read are skipped, a flood of them is not", async () => {
  const capability = ["S: * OK hi", "C: p1 CAPABILITY"];
  await dialogue(
    [...capability, "S: * 1 FETCH (", "S: * ( )", "S: * CAPABILITY A", "S: p1 OK"],
    async (client) => {
      await client.open();
      assert.ok(client.has("A"));
    },
  );
  await dialogue(
    [...capability, ...Array.from({ length: 101 }, () => "S: * (")],
    async (client) => {
      await assert.rejects(client.open(), /protocol/);
    },
  );
});

test("security row 16: nothing from outside can become a command", async () => {
  await dialogue(
    [
      "S: * OK [CAPABILITY IMAP4rev1 LITERAL+] hi",
      'C: p1 LOGIN {14+}\r\na\r\nb1 SHUTDOWN "x"',
      "S: p1 OK [CAPABILITY LITERAL+] in",
      'C: p2 LIST "" "a&AA0ACg-b DELETE x"',
      "S: p2 OK",
    ],
    async (client) => {
      await client.open();
      await client.login("a\r\nb1 SHUTDOWN", "x");
      await client.list("a\r\nb DELETE x");
    },
  );
  const { client } = makeMemoryPipe();
  const imap = new ImapClient(client);
  await assert.rejects(imap.append("x", encodeLatin1(""), { flags: ["\\Seen) {1}\r\n"] }), /flag/);
});
