import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Command } from "commander";
import { CliError } from "./cli-error.ts";
import { addLintCommand, lintFiles, showLinted } from "./lint-command.ts";

const SAMPLES = join(import.meta.dirname, "../../test/corpus-samples");

/** What the command prints, and the exit code it sets. */
async function run(...words: string[]): Promise<{ out: string; exitCode: unknown }> {
  const write = process.stdout.write.bind(process.stdout);
  const before = process.exitCode;
  let out = "";
  process.stdout.write = ((chunk: string) => {
    out += chunk;
    return true;
  }) as typeof write;
  try {
    const program = new Command("posthorn").exitOverride();
    addLintCommand(program);
    process.exitCode = undefined;
    await program.parseAsync(["lint", ...words], { from: "user" });
    return { out, exitCode: process.exitCode };
  } finally {
    process.stdout.write = write;
    process.exitCode = before;
  }
}

suite("posthorn lint", () => {
  test("a line a finding: file, line, severity, what, rule, RFC, octet", async () => {
    const file = join(SAMPLES, "broken/two-subjects.eml");
    const { out, exitCode } = await run(file);
    assert.match(
      out,
      /two-subjects\.eml:6: error: a second Subject field; .* \[field-repeated, RFC 5322 §3\.6\.5, octet \d+\]\n$/,
    );
    assert.equal(exitCode, 1);
  });

  test("nothing found says so, and succeeds", async () => {
    const { out, exitCode } = await run(join(SAMPLES, "valid/plain.eml"));
    assert.match(out, /plain\.eml: nothing found\n$/);
    assert.equal(exitCode, undefined);
  });

  test("--json, for programs", async () => {
    const { out } = await run("--json", join(SAMPLES, "broken/no-date.eml"));
    const [{ file, findings }] = JSON.parse(out) as ReturnType<typeof lintFiles>;
    assert.match(file, /no-date\.eml$/);
    assert.deepEqual(
      findings.map(({ rule, severity, at, line, rfc }) => ({ rule, severity, at, line, rfc })),
      [{ rule: "field-missing", severity: "error", at: 0, line: 1, rfc: "RFC 5322 §3.6.1" }],
    );
  });

  test("a folder is gone through, every planted fault found", () => {
    const linted = lintFiles([join(SAMPLES, "broken")]);
    assert.ok(linted.length > 60);
    for (const { file, findings } of linted)
      assert.ok(
        findings.some(({ severity }) => severity !== "note"),
        file,
      );
    assert.deepEqual(
      linted.map(({ file }) => file),
      linted.map(({ file }) => file).sort(),
    );
  });

  test("what cannot be read is said in a sentence", () => {
    assert.throws(
      () => lintFiles(["/nowhere/at/all.eml"]),
      (error) => error instanceof CliError && /no such file/.test(error.message),
    );
  });

  test("no control of a message reaches the terminal", () => {
    const folder = mkdtempSync(join(tmpdir(), "posthorn-lint-"));
    try {
      writeFileSync(
        join(folder, "a.eml"),
        "From: \u001b[31mx\u0007@y@z\r\nDate: \u001b]0;x\u0007\r\nContent-Transfer-Encoding: \u001b[2J\r\n\r\n",
      );
      assert.doesNotMatch(showLinted(lintFiles([folder])), /[\u0000-\u0009\u000b-\u001f]/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
