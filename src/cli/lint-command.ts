/**
 * `posthorn lint FILE…`: what is wrong with messages, where, by which RFC, and what to do. Folders are
 * gone through; `-` is standard input. Exit code 1 when there is an error among the findings.
 */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { displayText } from "../message/display-text.ts";
import type { Finding } from "../message/lint/finding.ts";
import { lint } from "../message/lint/lint.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";

const EXAMPLES = `
Examples:
  $ posthorn lint message.eml
  $ posthorn lint --json drafts/ | jq '.[].findings[].rule'
  $ posthorn mail read 12 --raw | posthorn lint -
`;

export type LintedFile = { readonly file: string; readonly findings: readonly Finding[] };

type LintOptions = { readonly json?: boolean };

export function addLintCommand(program: Command): void {
  program
    .command("lint")
    .description("what is wrong with a message, by RFC")
    .argument("<file...>", "message files (.eml), folders of them, or - for standard input")
    .option("--json", "for programs")
    .addHelpText("after", EXAMPLES)
    .action((files: string[], options: LintOptions) => {
      const linted = lintFiles(files);
      if (options.json) printJson(linted);
      else print(showLinted(linted));
      const hasError = linted.some(({ findings }) =>
        findings.some(({ severity }) => severity === "error"),
      );
      if (hasError) process.exitCode = EXIT.failed;
    });
}

/** Every message in `files`, folders gone through, in order of name. */
export function lintFiles(files: readonly string[]): LintedFile[] {
  return files.flatMap(messageFiles).map((file) => ({ file, findings: lint(readMessage(file)) }));
}

function messageFiles(path: string): string[] {
  if (path === "-") return [path];
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(eml|msg)$/i.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readMessage(file: string): Uint8Array {
  try {
    return readFileSync(file === "-" ? 0 : file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(path: string, error: unknown): CliError {
  const why = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = why === "ENOENT" ? "there is no such file" : `it cannot be read (${why})`;
  return new CliError(`${path}: ${reason}`, EXIT.ioError);
}

/** One line a finding: `file:line: severity: what [rule, RFC]`. */
export function showLinted(linted: readonly LintedFile[]): string {
  const lines = linted.flatMap(({ file, findings }) =>
    findings.length === 0
      ? [`${file}: nothing found`]
      : findings.map(
          ({ line, at, severity, message, rule, rfc }) =>
            `${file}:${line}: ${severity}: ${displayText(message)} [${rule}, ${rfc}, octet ${at}]`,
        ),
  );
  return lines.join("\n");
}
