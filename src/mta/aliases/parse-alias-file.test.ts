import { test } from "node:test";
import assert from "node:assert/strict";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { parseAliasFile } from "./parse-alias-file.ts";

function targetsOf(text: string): Record<string, string[]> {
  const { entries } = parseAliasFile(text);
  return Object.fromEntries(
    entries.map(({ name, targets }) => [name, targets.map((t) => `${t.kind}:${t.text}`)]),
  );
}

test("names fold to lower case; targets are separated by commas or space", () => {
  assert.deepEqual(targetsOf("Root: anna, ben@example.org\nteam:anna ben"), {
    root: ["address:anna", "address:ben@example.org"],
    team: ["address:anna", "address:ben"],
  });
});

test("comments, blank lines and continuation lines, also across comments", () => {
  const text = "# head\n\nroot: anna,\n# in between\n\n\tben,\n  carl\nops: dora";
  assert.deepEqual(targetsOf(text), {
    root: ["address:anna", "address:ben", "address:carl"],
    ops: ["address:dora"],
  });
});

test("a backslash before the line end joins the lines", () => {
  assert.deepEqual(targetsOf("root: anna,\\\nben\nx: y"), {
    root: ["address:anna", "address:ben"],
    x: ["address:y"],
  });
});

test("quoted names and quoted items: the kind shows after unquoting", () => {
  const text = '"b c": anna\nprog: "|/bin/x a, b", "/var/mail/x y", "quoted name"@example.org';
  assert.deepEqual(targetsOf(text), {
    "b c": ["address:anna"],
    prog: ["command:|/bin/x a, b", "file:/var/mail/x y", 'address:"quoted name"@example.org'],
  });
});

test("commands, files and transports are recognised", () => {
  const text = "b: |/usr/bin/vacation\nbox: /var/mail/x\nh: ~/x\nt: :transport:tickets";
  assert.deepEqual(targetsOf(text), {
    b: ["command:|/usr/bin/vacation"],
    box: ["file:/var/mail/x"],
    h: ["file:~/x"],
    t: ["transport::transport:tickets"],
  });
});

test("an item with a slash that is an address is one", () => {
  assert.deepEqual(targetsOf("fax: /PN=x/@gateway.example"), {
    fax: ["address:/PN=x/@gateway.example"],
  });
});

test("/dev/null and :blackhole: discard; backslash means the mailbox; includes are handed on", () => {
  const text = "devnull: /dev/null\nhole: :blackhole:\nme: \\me, you\nl: :include:/etc/l, z";
  assert.deepEqual(targetsOf(text), {
    devnull: ["discard:/dev/null"],
    hole: ["discard::blackhole:"],
    me: ["mailbox:me", "address:you"],
    l: ["include::include:/etc/l", "address:z"],
  });
});

test("comments in parentheses nest and vanish", () => {
  assert.deepEqual(targetsOf("a: (the (old) boss) anna, ben (deputy)"), {
    a: ["address:anna", "address:ben"],
  });
});

test("problems carry their line and hide no other entry", () => {
  const { entries, problems } = parseAliasFile(
    'a: b\nno colon here\nx@example.org: y\nA: c\n: z\nopen: "never\nempty:\nlast: d',
  );
  assert.deepEqual(
    entries.map((entry) => entry.name),
    ["a", "open", "empty", "last"],
  );
  assert.deepEqual(
    problems.map(({ line, problem }) => `${line}: ${problem}`),
    [
      "2: an entry begins with a name and a colon",
      '3: "x@example.org" has a domain; names in an alias file are local parts',
      '4: "a" is defined in line 1 already',
      "5: an entry begins with a name and a colon",
      "6: a quote is not closed",
      '6: "open" leads nowhere',
      '7: "empty" leads nowhere',
    ],
  );
});

test("fuzz: any text is read without a throw, in linear time", () => {
  const random = new SeededRandom(7);
  const pieces = [
    '"',
    "\\",
    ":",
    ",",
    "(",
    ")",
    "\n",
    " ",
    "\t",
    "|",
    "/",
    "a",
    "@b.c",
    "#",
    ":include:",
    "<",
    ">",
  ];
  for (let round = 0; round < 20_000; round++) {
    let text = "";
    const length = Math.floor(random.float() * 30);
    for (let i = 0; i < length; i++) text += pieces[Math.floor(random.float() * pieces.length)];
    parseAliasFile(text);
  }
  parseAliasFile(`a: ${"(".repeat(200_000)}`);
  parseAliasFile(`a: ${'"'.repeat(200_001)}`);
  parseAliasFile(`${"\\\n".repeat(100_000)}a: b`);
});
