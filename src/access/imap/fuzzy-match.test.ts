import { test } from "node:test";
import assert from "node:assert/strict";
import { FuzzyText, fuzzyWanted } from "./fuzzy-match.ts";

const score = (text: string, wanted: string): number =>
  new FuzzyText(text.toUpperCase()).score(fuzzyWanted(wanted.toUpperCase()));

test("RFC 6203: whole words score most, then beginnings, parts, misspelt ones", () => {
  assert.equal(score("the quarterly report", "report"), 100);
  const scores = ["report", "reporting", "misreported", "raport"].map((text) =>
    score(text, "report"),
  );
  assert.deepEqual(
    scores,
    [...scores].sort((a, b) => b - a),
  );
  assert.equal(new Set(scores).size, 4);
  assert.equal(score("rope", "report"), 0);
});

test("RFC 6203: all words, in any order; swapped and missing letters", () => {
  assert.ok(score("invoice for last month", "month invoice") > 0);
  assert.equal(score("invoice for last month", "invoice year"), 0);
  assert.ok(score("the conference", "confernece") > 0);
  assert.ok(score("the conference", "conferenc") > 0);
  assert.equal(score("cat", "cut"), 0, "short words are taken as they are");
  assert.equal(score("a-b", "-"), 100, "without any word: as it is");
});
