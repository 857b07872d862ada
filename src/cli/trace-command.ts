/** `posthorn trace ADDRESS`: how an address resolves and where its mail would go. Sends nothing. */

import type { Command } from "commander";
import { makeTracer } from "../app/make-tracer.ts";
import { silentLog } from "../base/log.ts";
import { parseAddress } from "../message/addr-spec.ts";
import { readAddress } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";
import { describeTrace, traceFacts } from "./trace-output.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn trace info@example.org
  $ posthorn trace info@example.org --from anna@example.net
  $ posthorn trace somebody@example.net --json

Exit code 1 when mail for the address would be refused.
`;

type TraceOptions = {
  readonly json?: boolean;
  readonly from?: string;
  readonly account?: string;
};

export function addTraceCommand(program: Command): void {
  program
    .command("trace <address>")
    .description("how an address resolves and where its mail would go")
    .option("--json", "as JSON")
    .option("--from <address>", "as for mail from this sender")
    .option("--account <address>", "as for mail that this account submits")
    .addHelpText("after", EXAMPLES)
    .action(async (text: string, options: TraceOptions, command: Command) => {
      const parsed = parseAddress(readAddress(text));
      if (!parsed.ok) throw new CliError(parsed.problem, EXIT.usage);
      const traced = await withStore(command, async (store, { settings }) => {
        const tracer = await makeTracer(settings, store, silentLog);
        const sender = options.from === undefined ? undefined : readSender(options.from);
        return tracer.trace(parsed.value, { sender, account: options.account });
      });
      if (options.json) printJson(traceFacts(traced));
      else print(describeTrace(traced));
      const { problems, branches } = traced.resolution;
      const isRefused =
        problems.some(({ isFatal }) => isFatal) || (branches.length === 0 && problems.length > 0);
      if (isRefused) process.exitCode = EXIT.failed;
    });
}

/** `""` or `<>` is mail without a sender. */
function readSender(text: string): string {
  return text === "" || text === "<>" ? "" : readAddress(text);
}
