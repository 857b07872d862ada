import assert from "node:assert/strict";
import { test } from "node:test";
import { splitLoginName } from "./login-name.ts";

const accounts = new Set(["ada@example.org", "ada+real@example.org"]);

const ROWS: readonly [string, string, string | undefined][] = [
  ["ada@example.org", "ada@example.org", undefined],
  ["ada+Work@example.org", "ada@example.org", "Work"],
  ["ada+Work/2024@example.org", "ada@example.org", "Work/2024"],
  ["ada+a+b@example.org", "ada@example.org", "a+b"],
  ["ada+a@b@example.org", "ada@example.org", "a@b"],
  ["ada@example.org+Work", "ada@example.org", "Work"],
  ["ada@example.org+Work+Home", "ada@example.org", "Work+Home"],
  ["ada+Work", "ada", "Work"],
  ["ada+real@example.org", "ada+real@example.org", undefined],
  ["+Work@example.org", "+Work@example.org", undefined],
  ["ada+@example.org", "ada+@example.org", undefined],
  ["ada@example.org+", "ada@example.org+", undefined],
  ["+", "+", undefined],
  ["", "", undefined],
];
for (const [name, account, mailbox] of ROWS) {
  test(`login name ${JSON.stringify(name)}`, () => {
    const split = splitLoginName(name, (whole) => accounts.has(whole));
    assert.deepEqual(split, { account, mailbox });
  });
}
