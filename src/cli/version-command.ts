/** `posthorn version`. */

import type { Command } from "commander";
import { printJson } from "./output.ts";
import { version } from "./version.ts";

export function addVersionCommand(program: Command): void {
  program
    .command("version")
    .description("print the version of Posthorn and of what it runs on")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  $ posthorn version --json\n")
    .action((options: { json?: boolean }) => {
      const facts = {
        posthorn: version(),
        node: process.versions.node,
        sqlite: process.versions["sqlite"] ?? "unknown",
        openssl: process.versions.openssl,
        platform: `${process.platform} ${process.arch}`,
      };
      if (options.json) return printJson(facts);
      process.stdout.write(
        `posthorn ${facts.posthorn} (Node.js ${facts.node}, SQLite ${facts.sqlite}, OpenSSL ${facts.openssl}, ${facts.platform})\n`,
      );
    });
}
