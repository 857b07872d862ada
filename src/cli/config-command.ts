/** `posthorn config`: is the file right, what holds, what is there to set. */

import type { Command } from "commander";
import { configDocument } from "../app/config/config-document.ts";
import { configExample } from "../app/config/config-example.ts";
import { print, printJson, report } from "./output.ts";
import { configOf } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn config example > posthorn.toml
  $ posthorn config check --config posthorn.toml
  $ posthorn config show
`;

const SECRETS: ReadonlySet<string> = new Set(["password", "clientSecret"]);

export function addConfigCommand(program: Command): void {
  const config = program
    .command("config")
    .description("check, show and document the configuration")
    .addHelpText("after", EXAMPLES);
  config
    .command("check")
    .description("say what is wrong in the file, with line and column")
    .option("--json", "as JSON")
    .action((_options: object, command: Command) => {
      const { file } = configOf(command);
      report(
        command,
        { file: file ?? null, isInOrder: true },
        file === undefined
          ? "There is no configuration file; the defaults hold."
          : `${file} is in order.`,
      );
    });
  config
    .command("show")
    .description("the settings that hold, defaults included, as JSON (passwords left out)")
    .option("--json", "they always are")
    .action((_options: object, command: Command) => {
      const { file, dataFolder, settings } = configOf(command);
      const safe: unknown = JSON.parse(
        JSON.stringify(settings, (key, value: unknown) =>
          SECRETS.has(key) && value !== undefined ? "(set)" : value,
        ),
      );
      printJson({ file: file ?? null, ...(safe as object), dataFolder });
    });
  config
    .command("example")
    .description("a posthorn.toml with every setting at its default, to start from")
    .action(() => print(configExample()));
  config
    .command("doc")
    .description("the documentation of all settings, as Markdown")
    .action(() => print(configDocument()));
}
