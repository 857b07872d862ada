/** Options that import and export share, read and checked before anything is opened. */

import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import { Option, type Command } from "commander";
import { MBOX_DIALECTS } from "../message/mbox/dialect.ts";
import { connect } from "../net/connect.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { passwordFromCommand } from "../net/password-from-command.ts";
import { parseServerUrl } from "../net/server-url.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import { FILE_FORMATS } from "../transfer/files/detect-format.ts";
import { RemoteServer } from "../transfer/imap/remote-server.ts";
import { readMapping } from "../transfer/target-name.ts";
import type { Store } from "../store/contract.ts";
import type { Account } from "../store/directory.ts";
import { readAddress } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";

export type ServerOptions = {
  readonly passwordCommand?: string;
  readonly passwordStdin?: boolean;
  readonly certificate?: string;
  readonly serverName?: string;
};

export function withServerOptions(command: Command): Command {
  return command
    .option("--password-command <command>", "a command that prints the server's password")
    .option("--password-stdin", "read the server's password from standard input")
    .option("--certificate <file>", "trust this certificate (PEM) of the server")
    .option("--server-name <name>", "the name the server's certificate carries, if not the host's");
}

export function formatOption(isImport: boolean): Option {
  const choices = isImport ? ["auto", ...FILE_FORMATS] : [...FILE_FORMATS];
  const meaning = isImport ? "what SOURCE is" : "what TARGET becomes";
  return new Option("--format <format>", meaning)
    .choices(choices)
    .default(isImport ? "auto" : "mbox");
}

export function dialectOption(isImport: boolean): Option {
  const choices = isImport ? ["auto", ...MBOX_DIALECTS] : [...MBOX_DIALECTS];
  return new Option("--dialect <dialect>", "how an mbox marks lines that begin with From")
    .choices(choices)
    .default(isImport ? "auto" : "mboxrd");
}

export function isServer(text: string): boolean {
  return /^imaps?:\/\//i.test(text);
}

/** `--map A=B`, as often as wanted. */
export function readMap(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const pair = readMapping(text);
      if (pair === undefined) {
        throw new CliError(`--map "${text}": write "Old name=New name"`, EXIT.usage);
      }
      return pair;
    }),
  );
}

export function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

export function accountOf(store: Store, text: string): Account {
  const account = store.directory.account(readAddress(text));
  if (account !== undefined) return account;
  throw new CliError(`there is no account ${text}: posthorn account list`, EXIT.noSuchUser);
}

export function remoteServer(url: string, options: ServerOptions): RemoteServer {
  const server = parseServerUrl(url, "imap");
  if (!server.ok) throw new CliError(`${url}: ${server.problem}`, EXIT.usage);
  const { user, host } = server.value;
  if (user === undefined) throw new CliError(`${url}: whose mail? imaps://USER@HOST`, EXIT.usage);
  let password: Promise<string> | undefined;
  return new RemoteServer({
    server: { ...server.value, user },
    password: () => (password ??= findPassword(`${user} at ${host}`, options)),
    trust: options.certificate === undefined ? undefined : [readCertificate(options.certificate)],
    serverName: options.serverName,
    deps: { connect, crypto: nodeCrypto, random: systemRandom, clock: systemClock },
  });
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`--certificate ${path} cannot be read: ${why}`, EXIT.config);
  }
}

async function findPassword(whose: string, options: ServerOptions): Promise<string> {
  if (options.passwordCommand !== undefined) return passwordFromCommand(options.passwordCommand);
  if (options.passwordStdin) return (await readAll(process.stdin)).replace(/\r?\n$/, "");
  const inEnvironment = process.env["POSTHORN_MAIL_PASSWORD"];
  if (inEnvironment !== undefined) return inEnvironment;
  if (process.stdin.isTTY === true && process.stderr.isTTY === true) {
    const { password } = await import("@clack/prompts");
    const answer = await password({ message: `Password of ${whose}`, output: process.stderr });
    if (typeof answer === "string") return answer;
  }
  throw new CliError(
    "a password is needed: --password-command, --password-stdin, or $POSTHORN_MAIL_PASSWORD",
    EXIT.noPermission,
  );
}
