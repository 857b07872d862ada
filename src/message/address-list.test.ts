import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "./addr-spec.ts";
import { formatAddressList, formatMailbox } from "./address-format.ts";
import { addressesOf, mailboxesOf, parseAddressList } from "./address-list.ts";
import { MAX_ADDRESSES, scanAddressList } from "./address-scan.ts";
import { costMs } from "../../test/message/linear-time.ts";

/** `name <address>` of each mailbox, groups in brackets. */
function show(text: string): string {
  const mailbox = (entry: ReturnType<typeof mailboxesOf>[number]): string =>
    `${entry.displayName}<${entry.address ? formatAddress(entry.address) : "?"}>`;
  return parseAddressList(text)
    .entries.map((entry) =>
      entry.kind === "mailbox"
        ? mailbox(entry)
        : `${entry.displayName}[${entry.members.map(mailbox).join(",")}]`,
    )
    .join(" ");
}

const faults = (text: string): number => parseAddressList(text).faults.length;

/** One row per form of RFC 5322 §3.4 and §4.4, and per form seen in mail. */
const TABLE: readonly (readonly [what: string, text: string, shown: string, faults: number])[] = [
  ["addr-spec", "jdoe@one.test", "<jdoe@one.test>", 0],
  ["name-addr", "John Doe <jdoe@one.test>", "John Doe<jdoe@one.test>", 0],
  [
    "quoted name",
    '"Joe Q. Public" <john.q.public@example.com>',
    "Joe Q. Public<john.q.public@example.com>",
    0,
  ],
  [
    "quoted pairs",
    '"Giant; \\"Big\\" Box" <sysservices@example.net>',
    'Giant; "Big" Box<sysservices@example.net>',
    0,
  ],
  ["no name", "<boss@nil.test>", "<boss@nil.test>", 0],
  ["list", "a@b, c@d", "<a@b> <c@d>", 0],
  [
    "group",
    "A Group:Ed Jones <c@a.test>,joe@where.test;",
    "A Group[Ed Jones<c@a.test>,<joe@where.test>]",
    0,
  ],
  ["empty group", "Undisclosed recipients:;", "Undisclosed recipients[]", 0],
  [
    "group with comments",
    "(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
    "Hidden recipients[]",
    0,
  ],
  [
    "comments everywhere",
    "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
    "Pete<pete@silly.test>",
    0,
  ],
  ["comment as name (RFC 822)", "pete@silly.test (Pete Smith)", "Pete Smith<pete@silly.test>", 0],
  ["domain literal", "x@[192.0.2.1]", "<x@[192.0.2.1]>", 0],
  ["IPv6 literal", "x@[IPv6:2001:db8::1]", "<x@[IPv6:2001:db8::1]>", 0],
  ["quoted local part", '"a b"@c.test', '<"a b"@c.test>', 0],
  ["obs-local-part", 'joe . "the" . cat@c.test', "<joe.the.cat@c.test>", 0],
  ["obs-domain spaces", "john @ example . net", "<john@example.net>", 0],
  [
    "obs-route",
    "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
    "Mary Smith<mary@example.net> <jdoe@test.example>",
    0,
  ],
  ["obs-route of two", "<@a.test,@b.test:c@d.test>", "<c@d.test>", 0],
  ["obs-phrase dots", "Joe Q. Public <j@x.test>", "Joe Q. Public<j@x.test>", 0],
  ["empty members", ",a@b,,c@d,", "<a@b> <c@d>", 0],
  ["nothing", "", "", 0],
  ["only a comment", "(nobody)", "", 0],
  ["semicolons (Outlook)", "a@b; c@d", "<a@b> <c@d>", 1],
  ["no angle brackets", "John Doe jdoe@one.test", "John Doe<jdoe@one.test>", 1],
  ["bracket never closed", "John <jdoe@one.test, b@c", "John<jdoe@one.test> <b@c>", 1],
  ["bracket twice", "John <<jdoe@one.test>>", "John<jdoe@one.test>", 3],
  ["address as name", '"jdoe@one.test" <jdoe@two.test>', "jdoe@one.test<jdoe@two.test>", 0],
  ["bare address as name", "jdoe@one.test <jdoe@two.test>", "jdoe@one.test<jdoe@two.test>", 0],
  ["no domain", "root", "<?>", 1],
  ["two at signs", "a@b@c.test", "<?>", 0],
  ["dots doubled and last", "a..b.@c.test", '<"a..b."@c.test>', 0],
  ["words that touch", 'a"b"@c.test', "<?>", 0],
  [
    "comma in an encoded word",
    "=?utf-8?Q?Doe,_J=C3=B6rg?= <j@x.test>, a@b",
    "Doe, Jörg<j@x.test> <a@b>",
    0,
  ],
  ["encoded word", "=?utf-8?Q?J=C3=B6rg?= <j@x.test>", "Jörg<j@x.test>", 0],
  ["encoded words, two", "=?utf-8?Q?J=C3?= =?utf-8?Q?=B6rg?= <j@x.test>", "Jörg<j@x.test>", 0],
  ["encoded word in quotes", '"=?utf-8?B?SsO2cmc=?=" <j@x.test>', "Jörg<j@x.test>", 0],
  ["raw UTF-8", "Jörg <jörg@grün.test>", "Jörg<jörg@grün.test>", 0],
  ["group never closed", "G: a@b", "G[<a@b>]", 1],
  ["junk after bracket", "A <a@b> junk, c@d", "A<a@b> <c@d>", 1],
];

suite("address lists", () => {
  for (const [what, text, shown, count] of TABLE) {
    test(what, () => {
      assert.equal(show(text), shown);
      assert.equal(faults(text), count);
    });
  }

  test("security row 19: the last @ outside quotes decides, in every parser alike", () => {
    assert.equal(show('"a@evil.test x"@internal.test'), '<"a@evil.test x"@internal.test>');
    assert.equal(
      show('"xclow3n@gmail.com x"@internal.domain'),
      '<"xclow3n@gmail.com x"@internal.domain>',
    );
    const [raw] = scanAddressList("a@b@c.test").entries;
    assert.ok(raw.kind === "mailbox");
    assert.deepEqual([raw.localPart, raw.domain], ["a@b", "c.test"]);
    assert.deepEqual(addressesOf(parseAddressList("a@b@c.test")), []);
    assert.equal(
      show("user@evil.test <admin@internal.test>"),
      "user@evil.test<admin@internal.test>",
    );
  });

  test("security row 65: groups in groups are read without recursion, as text", () => {
    assert.equal(show("a: b: c@d.test;;").startsWith("a["), true);
    const nested = `${"g:".repeat(50_000)}a@b${";".repeat(50_000)}`;
    assert.ok(parseAddressList(nested).entries.length > 0);
  });

  test("security row 66: the number of addresses is bounded; the limit and one more", () => {
    const list = (count: number): string =>
      Array.from({ length: count }, (_, i) => `a${i}@b.test`).join(",");
    const full = parseAddressList(list(MAX_ADDRESSES));
    assert.equal(full.entries.length, MAX_ADDRESSES);
    assert.equal(full.isCut, false);
    const over = parseAddressList(list(MAX_ADDRESSES + 1));
    assert.equal(over.entries.length, MAX_ADDRESSES);
    assert.equal(over.isCut, true);
    assert.equal(parseAddressList(`${list(MAX_ADDRESSES)}, ;`).isCut, false);
    assert.equal(parseAddressList(`g:${list(MAX_ADDRESSES + 1)};`).isCut, true);
  });

  test("security row 66: a megabyte of To costs less than 50 ms", () => {
    const text = "a@b,".repeat(262_144);
    scanAddressList(text);
    const spentMs = costMs(() => scanAddressList(text));
    assert.ok(spentMs < 50, `${spentMs} ms`);
  });

  test("security row 68: comments nest by counting, and a trailing backslash reads nothing beyond", () => {
    const nested = `${"(".repeat(100_000)}a${")".repeat(100_000)} x@y.test`;
    assert.deepEqual(addressesOf(parseAddressList(nested)).map(formatAddress), ["x@y.test"]);
    for (const end of [
      "(",
      "(\\",
      "\\",
      '"',
      '"\\',
      "<",
      "<\\",
      "[",
      "[\\",
      "a@[\\",
      "@",
      ":",
      "(()",
    ]) {
      assert.doesNotThrow(() => parseAddressList(`a@b.test ${end}`));
      assert.doesNotThrow(() => parseAddressList(end));
    }
  });

  test("security row 70: what is empty or no address gives no address, and never throws", () => {
    for (const text of [
      "",
      " ",
      ",",
      ";",
      "<>",
      "<>, <>",
      ":",
      ":;",
      "@",
      "<@>",
      '""',
      '""@x.test',
      "a@",
      "@b",
      "()",
    ]) {
      assert.deepEqual(addressesOf(parseAddressList(text)), [], text);
    }
  });

  test("security row 76: nothing is decoded before the list is split, nor inside an address", () => {
    const hidden = "=?utf-8?Q?evil=40evil.test=2C_?= <a@b.test>";
    assert.equal(show(hidden), "evil@evil.test, <a@b.test>");
    const inLocalPart = "=?x?q?collab=40psres.net=3e=00?=foo@example.com";
    const [mailbox] = mailboxesOf(parseAddressList(inLocalPart));
    assert.equal(mailbox.domain, "example.com");
    assert.ok(mailbox.localPart.startsWith("=?x?q?"));
    const lines = "=?utf-8?Q?a=0D=0ABcc=3A_x=40y=00=E2=80=AE?= <a@b.test>";
    assert.equal(show(lines), "a Bcc: x@y<a@b.test>");
  });

  test("property: what is formatted reads back the same", () => {
    const domain = fc.constantFrom("example.org", "[192.0.2.7]", "grün.example");
    const localPart = fc
      .string({
        unit: fc.constantFrom("a", "B", ".", "@", '"', "\\", " ", ",", ";", "ü", "<", "("),
        minLength: 1,
        maxLength: 12,
      })
      .filter((part) => part.trim() === part);
    const name = fc.string({ unit: "grapheme", maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ name, localPart, domain }), { minLength: 1, maxLength: 5 }),
        (people) => {
          const entries = people.map((one) => ({
            displayName: one.name,
            address: { localPart: one.localPart, domain: one.domain },
          }));
          const list = parseAddressList(formatAddressList(entries));
          assert.deepEqual(
            addressesOf(list),
            entries.map(({ address }) => address),
          );
          const clean = people.map((one) =>
            one.name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim(),
          );
          const read = mailboxesOf(list).map(({ displayName }) =>
            displayName.replace(/\s+/g, " ").trim(),
          );
          const bidi = /[\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/g;
          assert.deepEqual(
            read,
            clean.map((one) => one.replace(bidi, "").replace(/\s+/g, " ").trim()),
          );
          assert.deepEqual(list.faults, []);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("property: any text is read, and no address has a control in it", () => {
    const unit = fc.constantFrom(...'a@.,;:<>()[]"\\ \t=?\u0000é'.split(""));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        for (const address of addressesOf(parseAddressList(text))) {
          assert.doesNotMatch(formatMailbox({ address }), /[\u0000-\u001f]/);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
