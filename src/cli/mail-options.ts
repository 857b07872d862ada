/**
 * Which mail a command is about: the local server's, an account from mail.toml, or servers named on
 * the command line. Shared by `mail` and `send`.
 */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { password } from "@clack/prompts";
import { isMailError } from "../base/errors.ts";
import { accountFromSettings } from "../mua/account/account-from-settings.ts";
import type { MailAccount } from "../mua/account/mail-account.ts";
import {
  parseMailToml,
  type AccountSettings,
  type MailSettings,
} from "../mua/account/mail-toml.ts";
import { MailSession } from "../mua/session/mail-session.ts";
import { connect } from "../net/connect.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { withLocalAccount } from "./local-account.ts";

export type AccountOptions = {
  readonly user?: string;
  readonly account?: string;
  readonly local?: boolean;
  readonly imap?: string;
  readonly smtp?: string;
  readonly from?: string;
  readonly passwordCommand?: string;
  readonly certificate?: string;
  readonly serverName?: string;
};

export function withAccountOptions(command: Command): Command {
  return command
    .option("-u, --user <address>", "whose mail, on the server of this machine")
    .option("-A, --account <name>", "an account of ~/.config/posthorn/mail.toml")
    .option("--local", "the server of this machine, even if mail.toml names another")
    .option("--imap <url>", "another server to read from: imaps://user@host")
    .option("--smtp <url>", "another server to send through: submissions://user@host")
    .option("--from <address>", 'who writes: "Anna <anna@example.org>"')
    .option(
      "--password-command <command>",
      "a command that prints the password, such as `pass mail`",
    )
    .option("--certificate <file>", "trust this certificate (PEM) of the server")
    .option(
      "--server-name <name>",
      "the name the server's certificate carries, if it is not the host's",
    );
}

/** Runs `work` with a session, and ends it whatever happens. */
export async function withMailSession<T>(
  command: Command,
  work: (session: MailSession) => Promise<T>,
): Promise<T> {
  const options = command.optsWithGlobals<AccountOptions>();
  return withMailAccount(command, options, async (account) => {
    const deps = { connect, crypto: nodeCrypto, random: systemRandom, clock: systemClock };
    const session = new MailSession(account, deps);
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  });
}

async function withMailAccount<T>(
  command: Command,
  options: AccountOptions,
  work: (account: MailAccount) => Promise<T>,
): Promise<T> {
  const named = namedSettings(options);
  const { from } = options;
  if (named === undefined) {
    try {
      return await withLocalAccount(command, options.user, (account) =>
        work(from === undefined ? account : withFrom(account, from)),
      );
    } catch (error) {
      if (!isMailError(error, "connect-failed")) throw error;
      throw new CliError(`${error.message}. Is \`posthorn serve\` running?`, EXIT.unavailable);
    }
  }
  const result = await accountFromSettings(named, {
    askPassword,
    environmentPassword: process.env["POSTHORN_MAIL_PASSWORD"],
  });
  if (!result.ok) throw new CliError(`account ${named.name}: ${result.problem}`, EXIT.config);
  return work(result.value);
}

/** Undefined: the server of this machine. */
function namedSettings(options: AccountOptions): AccountSettings | undefined {
  const { imap, smtp, from, passwordCommand, certificate, serverName } = options;
  const changes = { imap, smtp, from, passwordCommand, certificate, serverName };
  const given = Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined),
  );
  if (options.account !== undefined) {
    const { accounts } = readMailToml();
    const found = accounts.get(options.account);
    if (found !== undefined) return { ...found, ...given };
    const names = [...accounts.keys()].join(", ");
    throw new CliError(
      `there is no account ${options.account} in ${mailTomlFile()}${names && `; there are ${names}`}`,
      EXIT.usage,
    );
  }
  if (imap !== undefined || smtp !== undefined) {
    return { ...given, name: "command line", from: from ?? senderOf(imap ?? smtp ?? "") };
  }
  if (options.local === true || options.user !== undefined) return undefined;
  const { accounts, defaultAccount } = readMailToml();
  const found = accounts.get(defaultAccount ?? "");
  return found === undefined ? undefined : { ...found, ...given };
}

/** `imaps://anna@example.org@mail.example.org` says who writes; `imaps://anna@mail.example.org` does so well enough. */
function senderOf(url: string): string {
  const user = /^[a-z]+:\/\/(.+)@([^@/:]+)/.exec(url);
  if (user === null) throw new CliError("who writes? Say --from ADDRESS", EXIT.usage);
  const name = decodeURIComponent(user[1]);
  return name.includes("@") ? name : `${name}@${user[2]}`;
}

function withFrom(account: MailAccount, from: string): MailAccount {
  const match = /^\s*(?:"?(.*?)"?\s*<(.+)>|(\S+))\s*$/.exec(from);
  if (match === null) throw new CliError(`--from: "${from}" is no address`, EXIT.usage);
  return { ...account, displayName: match[1] ?? "", address: match[2] ?? match[3] };
}

function mailTomlFile(): string {
  const folder = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  return process.env["POSTHORN_MAIL_CONFIG"] ?? join(folder, "posthorn", "mail.toml");
}

function readMailToml(): MailSettings {
  const file = mailTomlFile();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      return { defaultAccount: undefined, accounts: new Map() };
    throw new CliError(`${file} cannot be read: ${String(error)}`, EXIT.config);
  }
  const settings = parseMailToml(text, file);
  if (!settings.ok) throw new CliError(settings.problem, EXIT.config);
  return settings.value;
}

async function askPassword(question: string): Promise<string | undefined> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const answer = await password({ message: question, output: process.stderr });
  return typeof answer === "string" ? answer : undefined;
}
