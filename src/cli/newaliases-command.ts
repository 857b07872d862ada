/** `newaliases`: programs and packages call it after changing an alias file. Posthorn reads such files by itself. */

import type { Command } from "commander";

export function addNewaliasesCommand(program: Command): void {
  program
    .command("newaliases")
    .description("does nothing: alias files are read again when they change")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", "\nExample:\n  $ newaliases\n")
    .action(() => {});
}
