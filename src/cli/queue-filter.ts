/** Which mail of the queue is meant: the options that all verbs of `posthorn queue` share. */

import { Option } from "commander";
import type { Command } from "commander";
import type { QueueFilter, RecipientState } from "../store/queue.ts";
import { readAge, readCount } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";

export type FilterOptions = {
  sender?: string;
  recipient?: string;
  domain?: string;
  subdomains?: boolean;
  destination?: string;
  transport?: string;
  id?: string;
  state?: RecipientState;
  attempts?: string;
  olderThan?: string;
  newerThan?: string;
};

export function addFilterOptions(command: Command): Command {
  return command
    .option("--id <id>", "the message with this queue id")
    .option("--sender <address>", "from this sender; <> for reports")
    .option("--recipient <address>", "to this recipient")
    .option("--domain <domain>", "to this domain")
    .option("--subdomains", "with --domain: to those below it, too")
    .option("--destination <name>", "with this next stop, as `queue shape` shows it")
    .option("--transport <name>", "by this transport, such as smtp or local")
    .addOption(new Option("--state <state>", "in this state").choices(["due", "leased", "held"]))
    .option("--attempts <count>", "tried at least so often")
    .option("--older-than <time>", "that arrived longer ago, such as 4h or 3d")
    .option("--newer-than <time>", "that arrived since then")
    .option("--json", "as JSON");
}

export function readFilter(options: FilterOptions): QueueFilter {
  const { sender, recipient, domain, subdomains, destination, transport } = options;
  const { id, state, attempts, olderThan, newerThan } = options;
  if (subdomains === true && domain === undefined) {
    throw new CliError("--subdomains needs --domain: below which one?", EXIT.usage);
  }
  const nowMs = Date.now();
  return {
    ...(id !== undefined && { queueId: id }),
    ...(sender !== undefined && { sender: sender === "<>" ? "" : sender }),
    ...(recipient !== undefined && { recipient }),
    ...(domain !== undefined && { domain: domain.toLowerCase() }),
    ...(domain !== undefined && subdomains === true && { subdomainsToo: true }),
    ...(destination !== undefined && { destination: destination.toLowerCase() }),
    ...(transport !== undefined && { transport }),
    ...(state !== undefined && { state }),
    ...(attempts !== undefined && { attempts: readCount(attempts) }),
    ...(olderThan !== undefined && { arrivedBeforeMs: nowMs - readAge(olderThan) }),
    ...(newerThan !== undefined && { arrivedAfterMs: nowMs - readAge(newerThan) }),
  };
}
