import { test } from "node:test";
import assert from "node:assert/strict";
import { splitCommandLine, splitWords } from "./command-name.ts";
import { COMMANDS, findCommand } from "./line-mode.ts";
import { Settings } from "./settings.ts";

test("POSIX mailx: every truncation down to the shortest form finds its command", () => {
  const rows =
    "a? c[opy] d[elete] dp dt ec[ho] ex[it] x[it] fi[le] fold[er] folders fo[llowup] F[ollowup] f[rom] h[eaders] hel[p] l[ist] m[ail] n[ext] pi[pe] P[rint] T[ype] p[rint] t[ype] q[uit] R[eply] R[espond] r[eply] r[espond] s[ave] se[t] sh[ell] si[ze] to[p] tou[ch] u[ndelete] uns[et] w[rite]"
      .split(" ")
      .slice(1);
  for (const spelling of rows) {
    const open = spelling.indexOf("[");
    const full = spelling.replace(/[[\]]/g, "");
    const command = findCommand(full);
    assert.ok(command !== undefined, full);
    for (let length = open === -1 ? full.length : open; length <= full.length; length++) {
      assert.equal(findCommand(full.slice(0, length)), command, full.slice(0, length));
    }
  }
  assert.equal(findCommand("xyzzy"), undefined);
  assert.equal(findCommand("frobnicate"), undefined);
  assert.equal(findCommand("he"), findCommand("headers"));
});

test("every command has its own spelling and a line of help", () => {
  const spellings = COMMANDS.flatMap((command) =>
    command.spellings.map((spelling) => spelling.replace(/\[.*/, "")),
  );
  assert.ok(COMMANDS.every(({ help }) => help.length > 5));
  assert.ok(new Set(spellings).size > 50);
});

test("lines come apart as mailx takes them apart", () => {
  const rows: [string, string, string][] = [
    ["", "next", ""],
    ["  p 3  ", "p", "3"],
    ["p3", "p", "3"],
    ["d1-4", "d", "1-4"],
    ["12", "print", "12"],
    ["$", "print", "$"],
    ["-", "print", "-"],
    ["+", "print", "+"],
    ["/word", "print", "/word"],
    ["z-", "z-", ""],
    ["!ls -l", "!", "ls -l"],
    ["|wc", "|", "wc"],
    ["?", "?", ""],
    ["# note", "#", "note"],
  ];
  for (const [line, word, rest] of rows)
    assert.deepEqual(splitCommandLine(line), { word, rest }, line);
});

test("words: quotes, backslashes, quotes never closed", () => {
  const rows: [string, string[]][] = [
    ["a  b", ["a", "b"]],
    [`"a b" 'c "d' e\\ f`, ["a b", 'c "d', "e f"]],
    [`"a\\"b" ""`, ['a"b', ""]],
    [`"open`, ["open"]],
    ["", []],
    ["it's", ["it's"]],
  ];
  for (const [text, words] of rows) assert.deepEqual(splitWords(text), words, text);
  assert.equal(splitWords('"'.repeat(100_000)).length > 0, true);
});

test("settings: on, off, with a value, unknown", () => {
  const settings = new Settings();
  assert.equal(settings.isOn("quote"), true);
  assert.equal(settings.set("noquote"), undefined);
  assert.equal(settings.isOn("quote"), false);
  assert.equal(settings.set("toplines=9"), undefined);
  assert.equal(settings.number("toplines", 1), 9);
  assert.equal(settings.set("screen=many"), undefined);
  assert.equal(settings.number("screen", 7), 7);
  assert.match(settings.set("__proto__") ?? "", /no such setting/);
  assert.match(settings.describe(), /noquote/);
});
