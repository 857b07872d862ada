import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeLatin1 } from "../base/bytes.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { BoundarySearch, type BoundaryLine } from "./boundary-search.ts";

type Level = { readonly boundary: string; isActive: boolean };

/** As RFC 2046 §5.1.1 reads: each line held against each open boundary, the innermost first. */
function expected(text: string, levels: readonly Level[]): BoundaryLine | undefined {
  let at = 0;
  for (const line of text.split("\n")) {
    const lineEnd = Math.min(text.length, at + line.length + 1);
    const word = line.replace(/[ \t\r]+$/, "");
    for (let level = levels.length - 1; level >= 0; level--) {
      const { boundary, isActive } = levels[level];
      if (!isActive) continue;
      if (word === `--${boundary}`) return { at, lineEnd, level, isFinal: false };
      if (word === `--${boundary}--`) return { at, lineEnd, level, isFinal: true };
    }
    at += line.length + 1;
  }
  return undefined;
}

test("the next boundary line is the one that a plain reading finds", () => {
  const random = new SeededRandom(64);
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const pick = (words: readonly string[]): string => words[below(words.length)];
  const boundaries = ["a", "a--", "b", "--", "a b", "aa", "\xe9", "-", "a----"];
  for (let round = 0; round < 20_000; round++) {
    const levels: Level[] = Array.from({ length: below(5) }, () => ({
      boundary: pick(boundaries),
      isActive: random.float() < 0.8,
    }));
    const pieces = ["--", ...boundaries, " ", "\t", "\r", "\r\n", "\n", "\n--", "\r\n--"];
    const text = Array.from({ length: below(12) }, () => pick(pieces)).join("");
    // Boundaries are UTF-8, the octets of this text are its characters.
    const octets = encodeLatin1(text.replaceAll("\xe9", "\xc3\xa9"));
    const search = new BoundarySearch(octets);
    for (const { boundary } of levels) search.open(boundary);
    levels.forEach(({ isActive }, level) => {
      if (!isActive) search.deactivate(level);
    });
    search.open("a");
    search.closeTo(levels.length);
    const plain = text.replaceAll("\xe9", "\xc3\xa9");
    const named = levels.map(({ boundary, isActive }) => ({
      boundary: boundary.replaceAll("\xe9", "\xc3\xa9"),
      isActive,
    }));
    assert.deepEqual(search.next(0), expected(plain, named), JSON.stringify({ text, levels }));
  }
});

test("security row 64: a hundred open boundaries and 300,000 lines that are almost one", () => {
  const line = encodeLatin1(`--${"a".repeat(60)}x\r\n`);
  const octets = new Uint8Array(line.length * 300_000);
  for (let at = 0; at < octets.length; at += line.length) octets.set(line, at);
  const search = new BoundarySearch(octets);
  for (let length = 1; length <= 100; length++) search.open("a".repeat(length));
  assert.equal(search.next(0), undefined);
});
