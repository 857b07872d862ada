/** `posthorn export`: an account's mail to files or to another server. */

import type { Command } from "commander";
import type { MboxDialect } from "../message/mbox/dialect.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import type { Store } from "../store/contract.ts";
import { exportMail, type ExportWish } from "../transfer/export-mail.ts";
import type { FileFormat } from "../transfer/files/detect-format.ts";
import { openTarget } from "../transfer/files/open-files.ts";
import { pushMail } from "../transfer/imap/push-mail.ts";
import type { TransferReport } from "../transfer/transfer-report.ts";
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
TARGET is a path where nothing is yet, or a server: imaps://user@host[:port]. Files become a tree of
mbox files, a Maildir (--format maildir), or folders of .eml files (--format eml). Copying to a server
again brings only what is new there. docs/import.md tells more.

Examples:
  $ posthorn export anna@example.org anna-mail
  $ posthorn export anna@example.org Maildir --format maildir
  $ posthorn export anna@example.org inbox.mbox --mailbox INBOX
  $ posthorn export anna@example.org imaps://anna@mail.example.net --password-command 'pass mail'
`;

type ExportOptions = ServerOptions & {
  readonly format: FileFormat;
  readonly dialect: MboxDialect;
  readonly map: readonly string[];
  readonly mailbox: readonly string[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

export function addExportCommand(program: Command): void {
  const command = program
    .command("export <account> <target>")
    .description("write an account's mail to files or to another server")
    .addOption(formatOption(false))
    .addOption(dialectOption(false))
    .option(
      "--mailbox <name>",
      "only this mailbox and what is below it; may be repeated",
      collect,
      [],
    )
    .option("--map <old=new>", "another name for a mailbox on a server", collect, [])
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--json", "as JSON")
    .addHelpText("after", EXAMPLES);
  withServerOptions(command).action(
    async (account: string, target: string, options: ExportOptions) => {
      const isDryRun = options.dryRun === true;
      const map = readMap(options.map);
      const progress = new TransferProgress(systemClock, process.stderr);
      const report = await withStore(command, async (store, { dataFolder }) => {
        const wish = {
          accountId: accountOf(store, account).id,
          mailboxes: options.mailbox,
          isDryRun,
          onProgress: (news: Parameters<TransferProgress["show"]>[0]) => progress.show(news),
        };
        try {
          if (!isServer(target)) return await exportFiles(store, target, options, wish);
          const server = remoteServer(target, options);
          return await pushMail(store, server, { ...wish, dataFolder, map });
        } finally {
          progress.end();
        }
      });
      printTransfer(report, { isJson: options.json === true, isDryRun });
    },
  );
}

async function exportFiles(
  store: Store,
  path: string,
  { format, dialect, mailbox }: ExportOptions,
  wish: ExportWish,
): Promise<TransferReport> {
  const problems: [string, string][] = [];
  const target = await openTarget(path, {
    format,
    dialect,
    isOneMailbox: mailbox.length === 1 && !hasBelow(store, wish, mailbox[0]),
    random: systemRandom,
    nowMs: systemClock.nowMs(),
    onProblem: (where, problem) => problems.push([where, problem]),
  });
  const report = await exportMail(store, target, wish);
  for (const [where, problem] of problems) report.problem(where, problem);
  return report;
}

function hasBelow(store: Store, { accountId }: ExportWish, name: string): boolean {
  return store.mail.mailboxes(accountId).some((info) => info.name.startsWith(`${name}/`));
}
