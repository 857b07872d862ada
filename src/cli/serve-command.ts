/** `posthorn serve`: runs the server until it is told to stop. */

import type { Command } from "commander";
import { EXIT } from "./exit-codes.ts";
import { configOf } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn serve                                 loopback ports, ./posthorn-data
  $ posthorn serve --config /etc/posthorn/posthorn.toml

SIGTERM or Ctrl-C lets sessions finish and stops; SIGHUP reads configuration and certificates again.
`;

export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .description("run the mail server")
    .option("--welcome", "make a first account and explain it, also with a configuration file")
    .addHelpText("after", EXAMPLES)
    .action(async (options: { welcome?: boolean }, command: Command) => {
      const { serve } = await import("../app/serve.ts");
      await serve(() => configOf(command), options);
      // Everything is stored and said; a look-up still on its way must not keep us here.
      process.exit(EXIT.ok);
    });
}
