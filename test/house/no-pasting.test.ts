/**
 * Text of another language is never pasted together from what a person or a peer has said: statements
 * of SQL are constants, programs get words and no shell a line, and nothing is evaluated.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

const FORBIDDEN: readonly RegExp[] = [
  /\bshell: true\b/,
  /\bimport [^;]*\b(?:exec|execSync)\b[^;]*"node:child_process"/,
  /\bchild_process"?\)?\.exec(?:Sync)?\(/,
  /\beval\(/,
  /\bnew Function\(/,
  /from "node:vm"/,
];

/** A statement in a template: what stands in it for a value. */
const STATEMENT = /`\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b[^`]*`/g;
/** Where a statement takes a value: behind an operator, or in a list of values. */
const VALUE_PASTED = /(?:=|<|>|\bLIKE|\bIN \(|\bVALUES \(|,)\s*'?\$\{([^}]*)\}/gi;
const CONSTANT = /^(?:-?[A-Z][A-Z0-9_]*|state)$/;

function findings(source: string): string[] {
  const found = FORBIDDEN.flatMap((pattern) => pattern.exec(source)?.[0] ?? []);
  for (const [statement] of source.matchAll(STATEMENT)) {
    for (const [pasted, expression] of statement.matchAll(VALUE_PASTED)) {
      if (!CONSTANT.test(expression) && !expression.startsWith("sums(")) found.push(pasted);
    }
    if (/'%?\$\{/.test(statement)) found.push(statement);
  }
  return found;
}

test("security row 34: no text of another language is pasted together from what somebody has said", () => {
  for (const file of globSync("src/**/*.ts", { cwd: root })) {
    if (file.includes(".test.") || file.includes("/testing/")) continue;
    assert.deepEqual(findings(readFileSync(join(root, file), "utf8")), [], file);
  }
});

test("what is pasted is found", () => {
  for (const planted of [
    "database.run(`DELETE FROM account WHERE address = '${address}'`)",
    "database.get(`SELECT id FROM account WHERE address = ${address}`)",
    "database.all(`SELECT id FROM account WHERE name LIKE '%${name}%'`)",
    "database.run(`INSERT INTO a VALUES (${name})`)",
    "spawn(command, { shell: true })",
    'import { exec } from "node:child_process";',
    "eval(text)",
    "new Function(text)",
  ]) {
    assert.notDeepEqual(findings(planted), [], planted);
  }
});
