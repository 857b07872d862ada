/** `posthorn queue`: mail that waits to go on, and what an operator may do with it. `mailq` is its list. */

import { Option } from "commander";
import type { Command } from "commander";
import type { QueueFilter, QueueStore, RecipientState } from "../store/queue.ts";
import { readAge, readCount } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";
import { printQueue, showQueued } from "./queue-output.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn queue list --domain example.net
  $ posthorn queue show 3J7K2M9Q
  $ posthorn queue retry 3J7K2M9Q                  try again now
  $ posthorn queue retry --domain example.net
  $ posthorn queue hold --sender news@example.org --reason "asked to wait"
  $ posthorn queue delete --sender spam@example.net --dry-run
`;

type FilterOptions = {
  sender?: string;
  recipient?: string;
  domain?: string;
  id?: string;
  state?: RecipientState;
  olderThan?: string;
  limit?: string;
  all?: boolean;
  dryRun?: boolean;
  json?: boolean;
};

const LIST_LIMIT = 1_000;

export function addQueueCommand(program: Command): void {
  const queue = program
    .command("queue")
    .description("mail that waits to go on")
    .addHelpText("after", EXAMPLES);
  filters(queue.command("list").description("recipients that wait, oldest first"))
    .option("--limit <count>", `at most so many (default ${LIST_LIMIT})`)
    .action(list);
  queue
    .command("show <id>")
    .description("one message: its recipients and every attempt")
    .option("--json", "as JSON")
    .action(async (id: string, options: { json?: boolean }, command: Command) => {
      const shown = await withStore(command, (store) => showQueued(store.queue, id));
      if (shown === undefined) throw new CliError(`${id} is not in the queue (any more)`);
      if (options.json) return printJson(shown.facts);
      print(shown.text);
    });
  addActing(queue);
}

export function addMailqCommand(program: Command): void {
  filters(program.command("mailq").description("the queue, as `posthorn queue list` shows it"))
    .addHelpText("after", "\nExample:\n  $ mailq --domain example.net\n")
    .allowUnknownOption()
    .allowExcessArguments()
    .action((options: FilterOptions, command: Command) => list(options, command));
}

async function list(options: FilterOptions, command: Command): Promise<void> {
  const limit = options.limit === undefined ? LIST_LIMIT : readCount(options.limit);
  const { rows, counts } = await withStore(command, ({ queue }) => ({
    rows: queue.list({ ...readFilter(options), limit }),
    counts: queue.counts(),
  }));
  if (options.json) return printJson(rows);
  printQueue(rows, counts, Date.now());
}

function addActing(queue: Command): void {
  const acting: [verb: string, what: string, act: Act][] = [
    ["retry", "try again now", (store, filter) => store.retry(filter)],
    ["release", "let held mail go on", (store, filter) => store.release(filter)],
    ["delete", "remove without telling the sender", (store, filter) => store.delete(filter)],
  ];
  for (const [verb, what, act] of acting) {
    filters(queue.command(`${verb} [id]`).description(what))
      .option("--all", "everything in the queue")
      .option("--dry-run", "only show what it would touch")
      .action((id: string | undefined, options: FilterOptions, command: Command) =>
        apply(verb, act, withId(options, id), command),
      );
  }
  filters(queue.command("hold [id]").description("keep mail from going on"))
    .option("--all", "everything in the queue")
    .option("--reason <text>", "why", "held by the operator")
    .option("--dry-run", "only show what it would touch")
    .action(
      (id: string | undefined, options: FilterOptions & { reason: string }, command: Command) => {
        const hold: Act = (store, filter) => store.hold(filter, options.reason);
        return apply("hold", hold, withId(options, id), command);
      },
    );
}

/** `queue retry ID` is what one types; `--id` is the same. */
function withId(options: FilterOptions, id: string | undefined): FilterOptions {
  return id === undefined ? options : { ...options, id };
}

type Act = (store: QueueStore, filter: QueueFilter) => Promise<number>;

async function apply(
  verb: string,
  act: Act,
  options: FilterOptions,
  command: Command,
): Promise<void> {
  const filter = readFilter(options);
  if (Object.keys(filter).length === 0 && !options.all) {
    throw new CliError(
      `which mail? Give its id, --sender, --recipient, --domain, --state or --older-than; --all is everything`,
      EXIT.usage,
    );
  }
  await withStore(command, async ({ queue }) => {
    if (options.dryRun) {
      const rows = queue.list(filter);
      if (options.json) return printJson({ wouldTouch: rows.length, rows });
      printQueue(rows.slice(0, LIST_LIMIT), undefined, Date.now());
      return print(
        `${verb} would touch ${rows.length} ${rows.length === 1 ? "recipient" : "recipients"}; nothing is changed.`,
      );
    }
    const touched = await act(queue, filter);
    if (options.json) return printJson({ touched });
    print(`${verb}: ${touched} ${touched === 1 ? "recipient" : "recipients"}.`);
  });
}

function filters(command: Command): Command {
  return command
    .option("--id <id>", "the message with this queue id")
    .option("--sender <address>", "from this sender; <> for reports")
    .option("--recipient <address>", "to this recipient")
    .option("--domain <domain>", "to this domain")
    .addOption(new Option("--state <state>", "in this state").choices(["due", "leased", "held"]))
    .option("--older-than <time>", "that arrived longer ago, such as 4h or 3d")
    .option("--json", "as JSON");
}

function readFilter(options: FilterOptions): QueueFilter {
  const { sender, recipient, domain, id, state, olderThan } = options;
  return {
    ...(id !== undefined && { queueId: id }),
    ...(sender !== undefined && { sender: sender === "<>" ? "" : sender }),
    ...(recipient !== undefined && { recipient }),
    ...(domain !== undefined && { domain: domain.toLowerCase() }),
    ...(state !== undefined && { state }),
    ...(olderThan !== undefined && { arrivedBeforeMs: Date.now() - readAge(olderThan) }),
  };
}
