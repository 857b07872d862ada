/**
 * Reads `mail.toml`, where a person keeps their accounts. Unknown keys are refused with their line:
 * a misspelt `password_command` must not turn into a prompt nobody expects.
 */

import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { fault, ok, type Result } from "../../base/result.ts";

const AccountSchema = v.strictObject({
  from: v.string(),
  imap: v.optional(v.string()),
  smtp: v.optional(v.string()),
  password_command: v.optional(v.string()),
  certificate: v.optional(v.string()),
  server_name: v.optional(v.string()),
  sent: v.optional(v.string()),
  signature: v.optional(v.string()),
  aliases: v.optional(v.array(v.string())),
});

const FileSchema = v.strictObject({
  default: v.optional(v.string()),
  account: v.optional(v.record(v.string(), AccountSchema)),
});

export type AccountSettings = {
  readonly name: string;
  readonly from: string;
  readonly imap?: string;
  readonly smtp?: string;
  readonly passwordCommand?: string;
  readonly certificate?: string;
  readonly serverName?: string;
  readonly sent?: string;
  readonly signature?: string;
  readonly aliases?: readonly string[];
};

export type MailSettings = {
  readonly defaultAccount: string | undefined;
  readonly accounts: ReadonlyMap<string, AccountSettings>;
};

export function parseMailToml(text: string, fileName: string): Result<MailSettings> {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return fault(`${fileName}:${error.line}: ${error.message.split("\n")[0]}`);
  }
  const result = v.safeParse(FileSchema, raw);
  if (!result.success) return fault(describe(result.issues[0], text, fileName));
  const { account = {}, default: chosen } = result.output;
  const accounts = new Map(
    Object.entries(account).map(([name, settings]): [string, AccountSettings] => [
      name,
      {
        name,
        from: settings.from,
        imap: settings.imap,
        smtp: settings.smtp,
        passwordCommand: settings.password_command,
        certificate: settings.certificate,
        serverName: settings.server_name,
        sent: settings.sent,
        signature: settings.signature,
        aliases: settings.aliases,
      },
    ]),
  );
  const defaultAccount = chosen ?? accounts.keys().next().value;
  if (defaultAccount !== undefined && !accounts.has(defaultAccount)) {
    return fault(
      `${fileName}: default = "${defaultAccount}", but there is no [account.${defaultAccount}]`,
    );
  }
  return ok({ defaultAccount, accounts });
}

function describe(issue: v.BaseIssue<unknown>, text: string, fileName: string): string {
  const path = (issue.path ?? []).map((item) => String(item.key));
  const key = path.at(-1) ?? "";
  const line = lineOf(text, key);
  const where = `${fileName}${line === undefined ? "" : `:${line}`}: ${path.join(".")}`;
  if (issue.type === "strict_object") {
    const choices = Object.keys(path.length > 1 ? AccountSchema.entries : FileSchema.entries);
    return `${where}: there is no such setting; possible are ${choices.join(", ")}`;
  }
  return `${where}: expected ${issue.expected ?? "something else"}, found ${issue.received}`;
}

function lineOf(text: string, key: string): number | undefined {
  const index = text.split("\n").findIndex((line) =>
    line
      .trimStart()
      .replace(/^\[.*\./, "")
      .startsWith(key),
  );
  return index === -1 || key === "" ? undefined : index + 1;
}
