import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { decodeUtf8, encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { formatAddress, parseAddress, type Address } from "../../message/addr-spec.ts";
import { NO_MAPS, type MapConfig } from "../config.ts";
import { AddressMaps } from "./address-maps.ts";
import { parseMapFile } from "./parse-map-file.ts";
import { rewriteHeader } from "./rewrite-header.ts";

function parse(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

type Role = Exclude<keyof MapConfig, "masqueradeDomains" | "masqueradeExceptions">;

async function withMaps(
  tables: Partial<Record<Role, string>>,
  body: (maps: AddressMaps, folder: string) => Promise<void> | void,
  more: Partial<MapConfig> = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-maps-"));
  try {
    const config: Record<string, readonly string[]> = { ...NO_MAPS, ...more };
    for (const [role, text] of Object.entries(tables)) {
      await writeFile(join(folder, role), text);
      config[role] = [join(folder, role)];
    }
    const maps = new AddressMaps(config as MapConfig, {
      recipientDelimiter: "+",
      isOurDomain: (domain) => domain === "us.test",
    });
    await maps.load();
    await body(maps, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const virtual = (maps: AddressMaps, text: string): string | undefined =>
  maps.virtual(parse(text))?.targets.map(formatAddress).join(" ");
const sender = (maps: AddressMaps, text: string): string | undefined => {
  const found = maps.sender(parse(text));
  return found && formatAddress(found.address);
};

test("a table's text: comments, continued lines, quoted keys, what is wrong and where", () => {
  const text = [
    "# a comment",
    "  # an indented one",
    "Info@US.test\tanna@us.test,",
    "   ben@us.test",
    "",
    '"a b"@us.test  anna',
    "@bücher.test  @us.test",
    "alone",
    "info@us.test  carl@us.test",
  ].join("\n");
  assert.deepEqual(parseMapFile(`  stray\n${text}`), {
    entries: [
      { key: "info@us.test", value: "anna@us.test, ben@us.test", line: 4 },
      { key: '"a b"@us.test', value: "anna", line: 7 },
      { key: "@xn--bcher-kva.test", value: "@us.test", line: 8 },
    ],
    problems: [
      { line: 1, problem: "the line continues nothing: it begins with white space" },
      { line: 9, problem: '"alone" leads to nothing: write KEY, a space, and a value' },
      { line: 10, problem: '"info@us.test" stands in line 4 already' },
    ],
  });
});

test("virtual: the search order, details that move along, domains and bare local parts", () =>
  withMaps(
    {
      virtual: [
        "anna+shop@us.test   shop@far.test",
        "anna@us.test        anna@home.test, anna",
        "ben                 ben@home.test",
        "@us.test            rest@home.test",
        "@old.test           @us.test",
        "x@far.test          y@far.test",
      ].join("\n"),
    },
    (maps) => {
      assert.equal(virtual(maps, "Anna+Shop@us.test"), "shop@far.test");
      assert.equal(virtual(maps, "anna@us.test"), "anna@home.test anna@us.test");
      assert.equal(virtual(maps, "anna+Mail@us.test"), "anna+Mail@home.test anna+Mail@us.test");
      assert.equal(virtual(maps, "ben+1@us.test"), "ben+1@home.test");
      // A bare local part is one of ours.
      assert.equal(virtual(maps, "ben@far.test"), undefined);
      assert.equal(virtual(maps, "who+ever@us.test"), "rest@home.test");
      assert.equal(virtual(maps, "Who+Ever@old.test"), "Who+Ever@us.test");
      assert.equal(virtual(maps, "x@far.test"), "y@far.test");
      assert.match(maps.virtual(parse("ben@us.test"))?.source ?? "", /virtual:3$/);
    },
  ));

test("canonical: senders and recipients, repeatedly, and a circle ends", () =>
  withMaps(
    {
      canonical:
        "a1@us.test anna.alt@us.test\nanna.alt@us.test anna@us.test\nr@us.test s@us.test\ns@us.test r@us.test",
      senderCanonical: "a1@us.test sender@us.test",
      recipientCanonical: "a1@us.test recipient@us.test",
    },
    (maps) => {
      assert.equal(sender(maps, "a1@us.test"), "sender@us.test");
      assert.equal(sender(maps, "anna.alt@us.test"), "anna@us.test");
      assert.equal(sender(maps, "anna@us.test"), undefined);
      assert.equal(maps.recipient(parse("a1@us.test"))?.address.localPart, "recipient");
      assert.match(sender(maps, "r@us.test") ?? "", /^[rs]@us\.test$/);
    },
  ));

test("masquerading hides hosts below a domain, except for some", () =>
  withMaps(
    { canonical: "a1@desk.us.test anna@desk.us.test" },
    (maps) => {
      assert.equal(sender(maps, "ben@desk7.us.test"), "ben@us.test");
      assert.equal(sender(maps, "a1@desk.us.test"), "anna@us.test");
      assert.equal(sender(maps, "ben@us.test"), undefined);
      assert.equal(sender(maps, "ben@notus.test"), undefined);
      assert.equal(sender(maps, "Root@desk7.us.test"), undefined);
      assert.equal(sender(maps, "ben@a.lab.us.test"), "ben@lab.us.test");
    },
    { masqueradeDomains: ["lab.us.test", "us.test"], masqueradeExceptions: ["root"] },
  ));

test("a changed table is read again; a broken or vanished one is told with file and line", () =>
  withMaps({ virtual: "a@us.test b@us.test" }, async (maps, folder) => {
    const path = join(folder, "virtual");
    assert.deepEqual(maps.paths, [path]);
    await writeFile(path, "a@us.test c@us.test\nd@us.test not@@an.address\n");
    assert.deepEqual(await maps.load(), [
      { path, line: 2, problem: '"d@us.test": "not@@an.address" is not an address' },
    ]);
    assert.equal(virtual(maps, "a@us.test"), "c@us.test");
    assert.equal(virtual(maps, "d@us.test"), undefined);
    await rm(path);
    const [gone] = await maps.load();
    assert.equal(gone.line, 0);
    assert.match(gone.problem, /there is no such file/);
    assert.equal(virtual(maps, "a@us.test"), "c@us.test");
  }));

const rewriting = {
  sender: (address: Address) =>
    address.domain.endsWith(".us.test") ? { ...address, domain: "us.test" } : undefined,
  recipient: (address: Address) => (address.localPart === "old" ? parse("new@us.test") : undefined),
};
const rewritten = (header: string): string =>
  decodeUtf8(rewriteHeader(encodeUtf8(header), rewriting));

test("header addresses are rewritten in place; names, comments, folding and other fields stay", () => {
  const header = [
    'From: "anna@a.us.test (x" <anna@a.us.test> (at anna@a.us.test)',
    "Sender: =?utf-8?Q?anna=40a.us.test?= <Ben@b.us.test>",
    "Reply-To:\tfriends: a@x.us.test,",
    "  c@far.test;",
    "To: old@us.test, (old@us.test) Old <old@far.test>,",
    '\t"old"@us.test, old @ us.test, Müller <müller@us.test>',
    "Subject: from anna@a.us.test",
    "Message-ID: <id@a.us.test>",
    "",
    "anna@a.us.test",
    "",
  ].join("\r\n");
  assert.equal(
    rewritten(header),
    header
      .replace("<anna@a.us.test>", "<anna@us.test>")
      .replace("<Ben@b.us.test>", "<Ben@us.test>")
      .replace("a@x.us.test", "a@us.test")
      .replace("To: old@us.test,", "To: new@us.test,")
      .replace("<old@far.test>", "<new@us.test>")
      .replace('"old"@us.test', "new@us.test"),
  );
});

test("property: any header section keeps its lines and fields; without a match, every octet", () => {
  const piece = fc.constantFrom(
    ...'From: |To: |<|>|"|(|)|\\|@|,|;|[|]|=?utf-8?Q?|a@b.us.test|old@far.test|\r\n|\r\n |é|x'.split(
      "|",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const octets = encodeLatin1(pieces.join(""));
      const untouched = { sender: () => undefined, recipient: () => undefined };
      assert.equal(rewriteHeader(octets, untouched), octets);
      const lines = (text: Uint8Array): number => text.filter((octet) => octet === 10).length;
      assert.equal(lines(rewriteHeader(octets, rewriting)), lines(octets));
    }),
    { numRuns: 500 },
  );
});

test("a header of a megabyte of openings takes no time", () => {
  for (const unit of ['"', "(", '"\\', "=?a?Q?", "a@"]) {
    const octets = encodeLatin1(`From: ${unit.repeat(500_000 / unit.length)}\r\n`);
    rewriteHeader(octets, rewriting);
  }
});
