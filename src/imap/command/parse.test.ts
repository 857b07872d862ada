import { test } from "node:test";
import assert from "node:assert/strict";
import { encodeLatin1 } from "../../base/bytes.ts";
import { CommandDecoder } from "../wire/decoder.ts";
import { SESSION_LIMITS } from "../wire/limits.ts";
import { parseCommand, type Parsed } from "./parse.ts";

/** The command in `text`; `{n+}` literals may be in it. */
function parse(text: string, options: { isUtf8?: boolean; maxDepth?: number } = {}): Parsed {
  const decoder = new CommandDecoder(SESSION_LIMITS);
  decoder.push(encodeLatin1(`t ${text}\r\n`));
  const event = decoder.next();
  if (event?.type === "fault") return { ok: false, completion: event.completion };
  assert.equal(event?.type, "command", text);
  return parseCommand(event.type === "command" ? event.command : assert.fail(), {
    isUtf8: options.isUtf8 ?? false,
    maxDepth: options.maxDepth ?? SESSION_LIMITS.depth,
  });
}

function good(text: string, expected: object, options?: { isUtf8?: boolean }): void {
  const parsed = parse(text, options);
  assert.ok(parsed.ok, `${text}: ${parsed.ok ? "" : parsed.completion.text}`);
  for (const [key, value] of Object.entries(expected)) {
    assert.deepEqual(parsed.command[key as keyof typeof parsed.command], value, `${text}: ${key}`);
  }
}

function bad(text: string, status: "BAD" | "NO" = "BAD"): void {
  const parsed = parse(text);
  assert.ok(!parsed.ok, `should be refused: ${text}`);
  assert.equal(parsed.completion.status, status, text);
}

const set = (from: number, to = from): object[] => [{ from, to }];

test("commands without arguments", () => {
  for (const verb of [
    "CAPABILITY",
    "NOOP",
    "LOGOUT",
    "STARTTLS",
    "IDLE",
    "NAMESPACE",
    "CHECK",
    "CLOSE",
    "UNSELECT",
  ]) {
    good(verb, { verb });
    good(`${verb.toLowerCase()}  `, { verb });
    bad(`${verb} x`);
  }
  bad("FROBNICATE");
  bad("UID NOOP");
});

test("RFC 9051 §6.2: LOGIN and AUTHENTICATE", () => {
  good("LOGIN ann secret", { user: "ann", password: "secret" });
  good('LOGIN "a\\"n" {3+}\r\np w', { user: 'a"n', password: "p w" });
  good("LOGIN ann pw]", { password: "pw]" });
  good("LOGIN {3+}\r\n\xc3\xbcx x", { user: "üx" });
  for (const text of [
    "LOGIN",
    "LOGIN ann",
    "LOGIN ann ",
    "LOGIN ann pw x",
    'LOGIN "ann pw',
    "LOGIN (a) b",
    "LOGIN a%b c",
  ])
    bad(text);
  good("AUTHENTICATE plain", { mechanism: "PLAIN", initial: undefined });
  good("AUTHENTICATE PLAIN =", { initial: new Uint8Array(0) });
  good("AUTHENTICATE PLAIN AGEAYg==", { mechanism: "PLAIN" });
  bad("AUTHENTICATE");
  bad("AUTHENTICATE PLAIN AGEAYg");
  bad("AUTHENTICATE PLAIN AGEAYg== x");
});

test("RFC 9051 §6.3.1 ENABLE, RFC 2971 ID", () => {
  good("ENABLE condstore UTF8=ACCEPT", { names: ["CONDSTORE", "UTF8=ACCEPT"] });
  bad("ENABLE");
  good("ID NIL", { fields: new Map() });
  good('ID ("name" "x" "version" NIL)', { fields: new Map([["name", "x"]]) });
  good("ID ()", { fields: new Map() });
  for (const text of ["ID", 'ID ("name")', "ID (name x)", 'ID ("a" "b"']) bad(text);
});

test("RFC 9051 §6.3.2: SELECT and EXAMINE with parameters", () => {
  good("SELECT inbox", {
    verb: "SELECT",
    mailbox: "INBOX",
    isCondstore: false,
    qresync: undefined,
  });
  good("EXAMINE a/b (CONDSTORE)", { verb: "EXAMINE", mailbox: "a/b", isCondstore: true });
  good("SELECT x (QRESYNC (67 20050715194045000 41,43:211))", {
    qresync: {
      uidValidity: 67,
      modSeq: 20050715194045000,
      knownUids: [
        { from: 41, to: 41 },
        { from: 43, to: 211 },
      ],
      knownPairs: undefined,
    },
  });
  good("SELECT x (QRESYNC (67 2 1:9 (1,2 3,4)))", {
    qresync: {
      uidValidity: 67,
      modSeq: 2,
      knownUids: set(1, 9),
      knownPairs: {
        seqs: [
          { from: 1, to: 1 },
          { from: 2, to: 2 },
        ],
        uids: [
          { from: 3, to: 3 },
          { from: 4, to: 4 },
        ],
      },
    },
  });
  for (const text of [
    "SELECT",
    "SELECT x y",
    "SELECT x (FOO)",
    "SELECT x (QRESYNC (1))",
    "SELECT x (QRESYNC ())",
  ])
    bad(text);
});

test("mailbox commands", () => {
  good("CREATE &ANw-", { mailbox: "Ü", uses: [] });
  good("CREATE x (USE (\\Sent \\Foo))", { uses: ["\\Sent", "\\Foo"] });
  bad("CREATE x (FOO)");
  good('DELETE ""', { verb: "DELETE", mailbox: "" });
  good("SUBSCRIBE inbox", { mailbox: "INBOX" });
  good("UNSUBSCRIBE x", { mailbox: "x" });
  good("RENAME a b", { from: "a", to: "b" });
  bad("RENAME a");
  good('CREATE "\xc3\x9c"', { mailbox: "Ü" }, { isUtf8: true });
  good("STATUS x (MESSAGES unseen size MESSAGES)", { items: ["MESSAGES", "UNSEEN", "SIZE"] });
  for (const text of ["STATUS x", "STATUS x ()", "STATUS x (FOO)", "STATUS x MESSAGES"]) bad(text);
});

test("RFC 9051 §6.3.9: LIST in all forms", () => {
  good('LIST "" %', { reference: "", patterns: ["%"], isExtended: false });
  good("LIST a/ *b", { reference: "a/", patterns: ["*b"] });
  good('LIST (SUBSCRIBED RECURSIVEMATCH) "" ("a*" %) RETURN (CHILDREN STATUS (UNSEEN))', {
    selections: new Set(["SUBSCRIBED", "RECURSIVEMATCH"]),
    patterns: ["a*", "%"],
    returns: new Set(["CHILDREN"]),
    status: ["UNSEEN"],
    isExtended: true,
  });
  good('LIST "" "*" RETURN (SPECIAL-USE STATUS (UNSEEN))', {
    returns: new Set(["SPECIAL-USE"]),
    status: ["UNSEEN"],
  });
  good('LIST () "" *', { selections: new Set() });
  for (const text of [
    'LIST ""',
    "LIST",
    'LIST (RECURSIVEMATCH) "" *',
    'LIST (FOO) "" *',
    'LIST "" ()',
    'LIST "" * RETURN',
    'LIST "" * RETURN (FOO)',
  ])
    bad(text);
  good('LSUB "" %', { verb: "LSUB", pattern: "%" });
});

test("RFC 9051 §6.4.4: every search key", () => {
  const keys: [string, object][] = [
    ["ALL", { key: "all" }],
    ["SEEN", { key: "flag", flag: "\\Seen" }],
    ["UNSEEN", { key: "not", of: { key: "flag", flag: "\\Seen" } }],
    ["KEYWORD $Junk", { key: "flag", flag: "$Junk" }],
    ["UNKEYWORD x", { key: "not", of: { key: "flag", flag: "x" } }],
    ["OLD", { key: "not", of: { key: "recent" } }],
    ["BEFORE 1-Feb-1994", { key: "date", of: "internal", compare: "before", day: 8797 }],
    ['SENTSINCE "1-Feb-1994"', { key: "date", of: "sent", compare: "since", day: 8797 }],
    ["SAVEDON 1-Feb-1994", { key: "date", of: "saved", compare: "on", day: 8797 }],
    ["FROM ann", { key: "envelope", field: "from", text: "ann" }],
    ['HEADER X-Foo ""', { key: "header", field: "x-foo", text: "" }],
    ["BODY {3+}\r\na b", { key: "body", text: "a b" }],
    ['TEXT "\xc3\xbc"', { key: "text", text: "ü" }],
    ["LARGER 5", { key: "larger", octets: 5 }],
    ["UID 1:*", { key: "set", set: set(1, Number.POSITIVE_INFINITY), isUid: true }],
    [
      "2,4",
      {
        key: "set",
        set: [
          { from: 2, to: 2 },
          { from: 4, to: 4 },
        ],
        isUid: false,
      },
    ],
    ["$", { key: "set", set: "saved", isUid: false }],
    ["NOT SEEN", { key: "not", of: { key: "flag", flag: "\\Seen" } }],
    [
      "OR SEEN 1",
      {
        key: "or",
        left: { key: "flag", flag: "\\Seen" },
        right: { key: "set", set: set(1), isUid: false },
      },
    ],
    [
      "(SEEN 1)",
      {
        key: "and",
        keys: [
          { key: "flag", flag: "\\Seen" },
          { key: "set", set: set(1), isUid: false },
        ],
      },
    ],
    ["OLDER 60", { key: "older", seconds: 60 }],
    ["MODSEQ 7", { key: "modseq", modSeq: 7 }],
    ['MODSEQ "/flags/\\\\draft" all 620162338', { key: "modseq", modSeq: 620162338 }],
    ["EMAILID M1", { key: "email-id", id: "M1" }],
  ];
  for (const [text, key] of keys) good(`SEARCH ${text}`, { key, isUid: false, returns: undefined });
  good("UID SEARCH CHARSET utf-8 ALL", { isUid: true, key: { key: "all" } });
  good("SEARCH RETURN () ALL", { returns: new Set(["ALL"]) });
  good("SEARCH RETURN (min SAVE) CHARSET US-ASCII ALL", { returns: new Set(["MIN", "SAVE"]) });
  for (const text of [
    "",
    " ",
    " FOO",
    " NOT",
    " OR SEEN",
    " (SEEN",
    " SEEN)",
    " KEYWORD",
    " BEFORE 1994",
    " RETURN (FOO) ALL",
    " LARGER x",
    " OLDER 0",
    " MODSEQ 99999999999999999999",
  ])
    bad(`SEARCH${text}`);
  bad("SEARCH CHARSET KOI8-R ALL", "NO");
});

test("RFC 9051 §6.4.5: every fetch item", () => {
  good("FETCH 1 FAST", { plain: new Set(["FLAGS", "INTERNALDATE", "RFC822.SIZE"]) });
  good("FETCH 1 all", { plain: new Set(["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"]) });
  good("FETCH 1 FULL", {
    plain: new Set(["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"]),
  });
  good("UID FETCH 1:* (FLAGS)", { isUid: true, plain: new Set(["FLAGS", "UID"]) });
  good("FETCH 1 (BODYSTRUCTURE EMAILID THREADID SAVEDATE MODSEQ)", {
    plain: new Set(["BODYSTRUCTURE", "EMAILID", "THREADID", "SAVEDATE", "MODSEQ"]),
  });
  good("FETCH 1 FLAGS (CHANGEDSINCE 12)", {
    changedSince: 12,
    plain: new Set(["FLAGS", "MODSEQ"]),
  });
  good("UID FETCH 1 FLAGS (CHANGEDSINCE 12 VANISHED)", { isVanished: true });
  const sections: [string, object, boolean][] = [
    ["BODY[]", { path: [], kind: "whole", fields: [] }, false],
    ["BODY.PEEK[TEXT]", { path: [], kind: "text", fields: [] }, true],
    ["body[1.2.header]", { path: [1, 2], kind: "header", fields: [] }, false],
    ["BODY[1]", { path: [1], kind: "whole", fields: [] }, false],
    ["BODY[3.MIME]", { path: [3], kind: "mime", fields: [] }, false],
    [
      'BODY[HEADER.FIELDS (From "To")]',
      { path: [], kind: "fields", fields: ["from", "to"] },
      false,
    ],
    ["BODY[2.HEADER.FIELDS.NOT (X)]", { path: [2], kind: "fields-not", fields: ["x"] }, false],
    ["RFC822", { path: [], kind: "whole", fields: [] }, false],
    ["RFC822.HEADER", { path: [], kind: "header", fields: [] }, true],
    ["RFC822.TEXT", { path: [], kind: "text", fields: [] }, false],
  ];
  for (const [text, section, isPeek] of sections) {
    const parsed = parse(`FETCH 1 ${text}`);
    assert.ok(parsed.ok && parsed.command.verb === "FETCH", text);
    assert.deepEqual(parsed.command.sections[0].section, section);
    assert.equal(parsed.command.sections[0].isPeek, isPeek);
  }
  const partial = parse("FETCH 1 BODY[]<5.10>");
  assert.ok(partial.ok && partial.command.verb === "FETCH");
  assert.deepEqual(partial.command.sections[0].partial, { start: 5, length: 10 });
  good("FETCH 1 (BINARY.PEEK[1.2]<0.9> BINARY.SIZE[])", {
    binaries: [
      { path: [1, 2], partial: { start: 0, length: 9 }, isPeek: true, isSize: false },
      { path: [], partial: undefined, isPeek: true, isSize: true },
    ],
  });
  for (const text of [
    "",
    " 1",
    " 1 ()",
    " 0 FLAGS",
    " 1 FOO",
    " 1 BODY[",
    " 1 BODY[0]",
    " 1 BODY[1.]",
    " 1 BODY[MIME]",
    " 1 BODY[HEADER.FIELDS]",
    " 1 BODY[HEADER.FIELDS ()]",
    " 1 BODY[]<0.0>",
    " 1 BODY[]<0>",
    " 1 (FLAGS",
    " 1 FLAGS (FOO)",
    " 1 (ALL)",
  ])
    bad(`FETCH${text}`);
});

test("RFC 9051 §6.4.6: STORE, COPY, MOVE, EXPUNGE", () => {
  good("STORE 1 FLAGS (\\seen $x)", {
    action: "replace",
    isSilent: false,
    flags: ["\\Seen", "$x"],
  });
  good("STORE 1 +flags.silent \\Deleted", { action: "add", isSilent: true, flags: ["\\Deleted"] });
  good("UID STORE 1 -FLAGS \\Deleted \\Draft", {
    action: "remove",
    isUid: true,
    flags: ["\\Deleted", "\\Draft"],
  });
  good("STORE 1 (UNCHANGEDSINCE 5) FLAGS ()", { unchangedSince: 5, flags: [] });
  good("STORE 1 +FLAGS (\\Recent)", { flags: [] });
  for (const text of [
    "1 FLAGS",
    "1 FOO (\\Seen)",
    "1 FLAGS (\\Foo)",
    "1 FLAGS (a",
    "x FLAGS ()",
    "1 (FOO 1) FLAGS ()",
  ])
    bad(`STORE ${text}`);
  bad(`STORE 1 FLAGS (${"k".repeat(101)})`);
  good("COPY 1:2 x", { verb: "COPY", set: set(1, 2), mailbox: "x", isUid: false });
  good("UID MOVE $ inbox", { verb: "MOVE", set: "saved", mailbox: "INBOX", isUid: true });
  good("EXPUNGE", { set: undefined });
  good("UID EXPUNGE 3:4", { set: set(3, 4) });
  bad("EXPUNGE 1");
  bad("UID EXPUNGE");
});

test("RFC 9208: quota", () => {
  good('GETQUOTA ""', { root: "" });
  good("GETQUOTAROOT inbox", { mailbox: "INBOX" });
});

test("security row 82: parentheses nest 32 deep, before login 4", () => {
  const nested = (depth: number): string => `SEARCH ${"(".repeat(depth)}ALL${")".repeat(depth)}`;
  assert.ok(parse(nested(32)).ok);
  bad(nested(33));
  bad(nested(50_000));
  bad(`SEARCH ${"NOT ".repeat(50_000)}ALL`);
  assert.ok(parse(nested(4), { maxDepth: 4 }).ok);
  assert.ok(!parse(nested(5), { maxDepth: 4 }).ok);
});

test("security row 91: one request cannot multiply a message, a path or a search", () => {
  bad(`FETCH 1 (${"BODY[] ".repeat(51).trim()})`);
  bad(`FETCH 1 BODY[${"1.".repeat(101)}1]`);
  bad(`FETCH 1 BODY[HEADER.FIELDS (${"a ".repeat(201).trim()})]`);
  bad(`SEARCH ${"SEEN ".repeat(2001).trim()}`);
  bad(`STORE 1 FLAGS (${Array.from({ length: 201 }, (_, n) => `k${n}`).join(" ")})`);
  bad(`LIST "" (${"a ".repeat(101).trim()})`);
});
