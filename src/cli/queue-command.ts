/** `posthorn queue`: mail that waits to go on, and what an operator may do with it. `mailq` is its list. */

import type { Command } from "commander";
import { counted } from "../base/counted.ts";
import type { QueueFilter, QueueStore } from "../store/queue.ts";
import { readCount } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";
import { addFilterOptions, readFilter, type FilterOptions } from "./queue-filter.ts";
import { printQueue, showQueued } from "./queue-output.ts";
import { addShapeCommand } from "./queue-shape.ts";
import { addWatchCommand } from "./queue-watch.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn queue list --domain example.net
  $ posthorn queue show hdk7zmfzb43r
  $ posthorn queue retry hdk7zmfzb43r              try again now
  $ posthorn queue retry --domain example.net
  $ posthorn queue hold --sender news@example.org --reason "asked to wait"
  $ posthorn queue delete --sender spam@example.net --dry-run
  $ posthorn queue requeue --destination old-relay.example.org
  $ posthorn queue expire --older-than 2d          give up, and tell the senders
  $ posthorn queue shape                           what waits for whom, and how long
  $ posthorn queue watch
`;

type ListOptions = FilterOptions & { limit?: string; json?: boolean };
type ActOptions = FilterOptions & { all?: boolean; dryRun?: boolean; json?: boolean };

const LIST_LIMIT = 1_000;
/** Rows looked at to say what a verb would touch. */
const DRY_LIMIT = 100_000;

export function addQueueCommand(program: Command): void {
  const queue = program
    .command("queue")
    .description("mail that waits to go on")
    .addHelpText("after", EXAMPLES);
  addFilterOptions(queue.command("list").description("recipients that wait, oldest first"))
    .option("--limit <count>", `at most so many (default ${LIST_LIMIT})`)
    .action(list);
  queue
    .command("show <id>")
    .description("one message: its recipients and every attempt")
    .option("--json", "as JSON")
    .action(async (id: string, options: { json?: boolean }, command: Command) => {
      const shown = await withStore(command, (store) => showQueued(store.queue, id));
      if (shown === undefined) throw notThere(id);
      if (options.json) return printJson(shown.facts);
      print(shown.text);
    });
  addActing(queue);
  addShapeCommand(queue);
  addWatchCommand(queue);
}

export function addMailqCommand(program: Command): void {
  addFilterOptions(
    program.command("mailq").description("the queue, as `posthorn queue list` shows it"),
  )
    .addHelpText("after", "\nExample:\n  $ mailq --domain example.net\n")
    .allowUnknownOption()
    .allowExcessArguments()
    .action((options: ListOptions, command: Command) => list(options, command));
}

async function list(options: ListOptions, command: Command): Promise<void> {
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
    [
      "flush",
      "try again now, also what rests because nothing got through",
      (store, filter) => store.flush(filter),
    ],
    [
      "requeue",
      "forget its attempts and its way: the address is looked up and routed anew",
      (store, filter) => store.requeue(filter),
    ],
    [
      "expire",
      "give up as if its time were over: the sender gets a report",
      (store, filter) => store.expire(filter),
    ],
    ["release", "let held mail go on", (store, filter) => store.release(filter)],
    ["delete", "remove without telling the sender", (store, filter) => store.delete(filter)],
  ];
  for (const [verb, what, act] of acting) {
    addFilterOptions(queue.command(`${verb} [id]`).description(what))
      .option("--all", "everything in the queue")
      .option("--dry-run", "only show what it would touch")
      .action((id: string | undefined, options: ActOptions, command: Command) =>
        apply(verb, act, withId(options, id), command),
      );
  }
  addFilterOptions(queue.command("hold [id]").description("keep mail from going on"))
    .option("--all", "everything in the queue")
    .option("--reason <text>", "why", "held by the operator")
    .option("--dry-run", "only show what it would touch")
    .action(
      (id: string | undefined, options: ActOptions & { reason: string }, command: Command) => {
        const hold: Act = (store, filter) => store.hold(filter, options.reason);
        return apply("hold", hold, withId(options, id), command);
      },
    );
}

/** `queue retry ID` is what one types; `--id` is the same. */
function withId(options: ActOptions, id: string | undefined): ActOptions {
  return id === undefined ? options : { ...options, id };
}

type Act = (store: QueueStore, filter: QueueFilter) => Promise<number>;

function notThere(id: string): CliError {
  return new CliError(`${id} is not in the queue (any more)`);
}

async function apply(verb: string, act: Act, options: ActOptions, command: Command): Promise<void> {
  const filter = readFilter(options);
  if (Object.keys(filter).length === 0 && !options.all) {
    throw new CliError(
      "which mail? Give its id, --sender, --recipient, --domain, --older-than or another option of `posthorn queue list --help`; --all is everything",
      EXIT.usage,
    );
  }
  await withStore(command, async ({ queue }) => {
    const { queueId } = filter;
    if (queueId !== undefined && queue.message(queueId) === undefined) throw notThere(queueId);
    if (options.dryRun) {
      const rows = queue.list({ ...filter, limit: DRY_LIMIT });
      const isMore = rows.length === DRY_LIMIT;
      if (options.json) return printJson({ wouldTouch: rows.length, isMore, rows });
      printQueue(rows.slice(0, LIST_LIMIT), undefined, Date.now());
      const count = `${isMore ? "more than " : ""}${counted(rows.length, "recipient")}`;
      return print(`${verb} would touch ${count}; nothing is changed.`);
    }
    const touched = await act(queue, filter);
    if (options.json) return printJson({ touched });
    print(`${verb}: ${counted(touched, "recipient")}.`);
  });
}
