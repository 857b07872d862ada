/**
 * What an alias file may do beyond naming addresses: write to files below the folders, run the
 * programs, and use the transports that the operator has named for it. Everything else is refused
 * with a sentence that says which setting would allow it.
 */

import { normalize, sep } from "node:path";
import { commandWords } from "../agents/pipe/command-words.ts";
import type { AliasFileConfig } from "../config.ts";
import {
  DEFAULT_PIPE_MEMORY_OCTETS,
  DEFAULT_PIPE_TIMEOUT_MS,
  type NamedTransport,
  type Transport,
} from "../transport.ts";
import type { AliasTarget } from "./alias-source.ts";
import type { ParsedTarget } from "./parse-alias-targets.ts";

export function allowTarget(
  target: Exclude<ParsedTarget, { kind: "include" }>,
  config: AliasFileConfig,
  transports: ReadonlyMap<string, NamedTransport>,
): AliasTarget {
  switch (target.kind) {
    case "file":
      return fileTarget(target.text, config);
    case "command":
      return commandTarget(target.text, target.command, config);
    case "transport": {
      const transport = transports.get(target.name);
      if (transport !== undefined) return accepted(target.text, transport);
      return refused(target.text, "there is no transport of this name (transports)");
    }
    case "address":
    case "mailbox":
    case "discard":
    case "refused":
      return target;
  }
}

/** As in Postfix and sendmail: a path that ends in `/` is a Maildir, any other an mbox. */
function fileTarget(path: string, { fileFolders = [], user }: AliasFileConfig): AliasTarget {
  if (fileFolders.length === 0) {
    return refused(path, "mail is not written to files here (fileFolders)");
  }
  const isWhole = path.startsWith("/") && normalize(path) === path && !/[{}\0]/.test(path);
  if (!isWhole || !fileFolders.some((folder) => path.startsWith(withSeparator(folder)))) {
    return refused(path, "it is not below one of fileFolders");
  }
  const kind = path.endsWith("/") ? "maildir" : "mbox";
  return accepted(path, { kind, path, user });
}

function commandTarget(
  text: string,
  command: string,
  { commands = [], user }: AliasFileConfig,
): AliasTarget {
  if (commands.length === 0) return refused(text, "mail is not handed to commands here (commands)");
  const words = commandWords(command);
  if (!words.ok) return refused(text, words.problem);
  if (!commands.includes(words.value[0])) {
    return refused(text, "it is not one of the programs allowed here (commands)");
  }
  return accepted(text, {
    kind: "pipe",
    command: words.value,
    user,
    timeoutMs: DEFAULT_PIPE_TIMEOUT_MS,
    memoryOctets: DEFAULT_PIPE_MEMORY_OCTETS,
  });
}

function accepted(text: string, transport: Transport): AliasTarget {
  return { kind: "target", text, transport };
}

function refused(text: string, problem: string): AliasTarget {
  return { kind: "refused", text, problem };
}

function withSeparator(folder: string): string {
  return folder.endsWith(sep) ? folder : folder + sep;
}
