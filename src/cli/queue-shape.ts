/** `posthorn queue shape`: what waits for whom, and how long, as `qshape` shows it. */

import { Option } from "commander";
import type { Command } from "commander";
import { SHAPE_BOUNDS_MINUTES, type QueueShape, type ShapeRow } from "../store/queue.ts";
import { readCount } from "./arguments.ts";
import { print, printJson, table } from "./output.ts";
import { withStore } from "./with-store.ts";

type ShapeOptions = { senders?: boolean; by: string; limit?: string; json?: boolean };

const SHOWN = 20;

export function addShapeCommand(queue: Command): void {
  queue
    .command("shape")
    .description("how much waits for each destination, by age in minutes")
    .addOption(
      new Option("--by <what>", "count by destination, or by the sender's domain")
        .choices(["destination", "sender"])
        .default("destination"),
    )
    .option("--limit <count>", `so many rows (default ${SHOWN})`)
    .option("--json", "as JSON")
    .action(async (options: ShapeOptions, command: Command) => {
      const limit = options.limit === undefined ? SHOWN : readCount(options.limit);
      const by = options.by === "sender" ? "sender-domain" : "destination";
      const shape = await withStore(command, ({ queue: store }) =>
        store.shape(by, Date.now(), limit),
      );
      if (options.json) printJson({ boundsMinutes: SHAPE_BOUNDS_MINUTES, ...shape });
      else print(shapeTable(shape));
    });
}

/** The total, then one line for each name, ages from young to old. */
export function shapeTable({ total, rows }: QueueShape): string {
  if (total.recipients === 0) return "The queue is empty.";
  const all: ShapeRow[] = [{ name: "TOTAL", ...total }, ...rows];
  const ages = [...SHAPE_BOUNDS_MINUTES.map(String), `${SHAPE_BOUNDS_MINUTES.at(-1)}+`];
  return table(all, [
    { title: "", value: ({ name }) => (name === "" ? "<>" : name) },
    { title: "ALL", value: ({ recipients }) => recipients, align: "right" },
    ...ages.map((title, index) => ({
      title,
      value: ({ byAge }: ShapeRow) => byAge[index],
      align: "right" as const,
    })),
  ]);
}
