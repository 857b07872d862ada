/** `posthorn backup`: a copy of the data folder, beside a running server. */

import type { Command } from "commander";
import { counted } from "../base/counted.ts";
import { report, showSize } from "./output.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn backup /backup/mail         a copy as of now; the server goes on
  $ posthorn backup /backup/mail         later: brings it up to date, copies only what is new
  $ posthorn --data /backup/mail doctor store    is all of it there?

The copy is a data folder: to restore, stop the server, put it in the place of the data folder, start
again. Mail that was in the queue at the time of the backup is then sent once more.
`;

export function addBackupCommand(program: Command): void {
  program
    .command("backup <folder>")
    .description("copy the data folder as it is now, while the server runs")
    .option("--json", "as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string, options: { json?: boolean }, command: Command) => {
      const progress = options.json || !process.stderr.isTTY ? undefined : showProgress;
      const made = await withStore(command, (store) => store.backup(folder, progress));
      if (progress !== undefined) process.stderr.write("\r\x1b[K");
      const { segments, octets, copiedOctets } = made;
      report(
        command,
        { folder, ...made },
        `${folder} holds ${showSize(octets)} of mail in ${counted(segments, "segment")}; ${showSize(copiedOctets)} copied now.`,
      );
    });
}

let lastShown = 0;

function showProgress(doneOctets: number, totalOctets: number): void {
  const percent = totalOctets === 0 ? 100 : Math.floor((doneOctets / totalOctets) * 100);
  if (percent === lastShown) return;
  lastShown = percent;
  process.stderr.write(
    `\rcopied ${showSize(doneOctets)} of ${showSize(totalOctets)} (${percent} %)`,
  );
}
