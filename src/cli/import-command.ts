/** `posthorn import`: mail from files or from another server into an account. */

import type { Command } from "commander";
import type { MboxDialect } from "../message/mbox/dialect.ts";
import { systemClock } from "../net/system-clock.ts";
import type { FileFormat } from "../transfer/files/detect-format.ts";
import { openSource } from "../transfer/files/open-files.ts";
import { pullMail } from "../transfer/imap/pull-mail.ts";
import { importMail, type ImportWish } from "../transfer/import-mail.ts";
import { TransferReport } from "../transfer/transfer-report.ts";
import { readQuota } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import {
  accountOf,
  collect,
  dialectOption,
  formatOption,
  isServer,
  readMap,
  remoteServer,
  withServerOptions,
  type ServerOptions,
} from "./transfer-options.ts";
import { printTransfer } from "./transfer-output.ts";
import { TransferProgress } from "./transfer-progress.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
SOURCE is an mbox file, a folder of them (Thunderbird, Dovecot, mutt), a Maildir, a folder of .eml
files, or a server: imaps://user@host[:port]. What it is, is found out; nothing in it is changed.
Running it again brings only what is new. docs/import.md tells more.

Examples:
  $ posthorn import anna@example.org /home/anna/Maildir
  $ posthorn import anna@example.org old.mbox --map "old=Archive/2019"
  $ posthorn import anna@example.org imaps://anna@mail.example.net --password-command 'pass mail'
  $ posthorn import anna@example.org Mail/ --into Old --dry-run
`;

type ImportOptions = ServerOptions & {
  readonly format: FileFormat | "auto";
  readonly dialect: MboxDialect | "auto";
  readonly map: readonly string[];
  readonly into?: string;
  readonly mailbox: readonly string[];
  readonly duplicates: string;
  readonly maxSize: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

export function addImportCommand(program: Command): void {
  const command = program
    .command("import <account> <source>")
    .description("bring mail from files or another server into an account")
    .addOption(formatOption(true))
    .addOption(dialectOption(true))
    .option("--map <old=new>", "file a mailbox, and what is below it, under this name", collect, [])
    .option("--into <mailbox>", "file everything below this mailbox")
    .option("--mailbox <name>", "only this mailbox of the source; may be repeated", collect, [])
    .option(
      "--duplicates <skip|keep>",
      "messages that are there already: same octets and date",
      "skip",
    )
    .option("--max-size <size>", "leave larger messages out", "150MB")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--json", "as JSON")
    .addHelpText("after", EXAMPLES);
  withServerOptions(command).action(
    async (account: string, source: string, options: ImportOptions) =>
      runImport(command, account, source, options),
  );
}

async function runImport(
  command: Command,
  address: string,
  source: string,
  options: ImportOptions,
): Promise<void> {
  const { duplicates } = options;
  if (duplicates !== "skip" && duplicates !== "keep") {
    throw new CliError(`--duplicates ${duplicates}: skip or keep`, EXIT.usage);
  }
  const isDryRun = options.dryRun === true;
  const progress = new TransferProgress(systemClock, process.stderr);
  const wanted = {
    map: readMap(options.map),
    into: options.into,
    duplicates,
    maxMessageOctets: readQuota(options.maxSize) ?? Number.MAX_SAFE_INTEGER,
    isDryRun,
    onProgress: (news: Parameters<TransferProgress["show"]>[0]) => progress.show(news),
  } as const;
  const report = await withStore(command, async (store, { dataFolder }) => {
    const wish: ImportWish = { ...wanted, accountId: accountOf(store, address).id };
    try {
      if (!isServer(source)) return await importFiles(store, source, options, wish);
      const server = remoteServer(source, options);
      return await pullMail(store, server, { ...wish, dataFolder, mailboxes: options.mailbox });
    } finally {
      progress.end();
    }
  });
  printTransfer(report, { isJson: options.json === true, isDryRun });
}

async function importFiles(
  store: Parameters<typeof importMail>[0],
  path: string,
  { format, dialect, mailbox }: ImportOptions,
  wish: ImportWish,
): Promise<TransferReport> {
  const report = new TransferReport();
  const onProblem = (where: string, problem: string): void => report.problem(where, problem);
  const source = await openSource(path, { format, dialect, onProblem });
  const mailboxes = source.mailboxes.filter(
    ({ name }) =>
      mailbox.length === 0 ||
      mailbox.some((wanted) => name === wanted || name.startsWith(`${wanted}/`)),
  );
  return importMail(store, { ...source, mailboxes }, wish, report);
}
