/** The ageing table: how much waits for each destination or from each sender's domain, and how long. */

import { SHAPE_BOUNDS_MINUTES, type QueueShape, type ShapeRow } from "../queue.ts";
import type { Database, Value } from "./database.ts";

const MINUTE_MS = 60_000;

/** Summed within one index, in its order. */
const BY_DESTINATION = `SELECT destination, count(*), ${sums("1")} FROM recipient GROUP BY destination`;
/** Behind the last `@`. */
const BY_SENDER = `SELECT substr(reverse_path, length(rtrim(reverse_path, replace(reverse_path, '@', ''))) + 1) AS name,
  sum(recipients), ${sums("recipients")} FROM envelope GROUP BY name`;

/** How many are younger than each bound. */
function sums(weight: string): string {
  return SHAPE_BOUNDS_MINUTES.map(
    (_, index) => `sum(CASE WHEN arrived_at_ms > ?${index + 1} THEN ${weight} ELSE 0 END)`,
  ).join(", ");
}

export function queueShape(
  database: Database,
  by: "destination" | "sender-domain",
  nowMs: number,
  limit: number = Number.POSITIVE_INFINITY,
): QueueShape {
  const bounds = SHAPE_BOUNDS_MINUTES.map((minutes) => Math.floor(nowMs - minutes * MINUTE_MS));
  const rows = database
    .arrays(by === "destination" ? BY_DESTINATION : BY_SENDER, ...bounds)
    .map(shapeRow);
  const total = { recipients: 0, byAge: Array.from({ length: bounds.length + 1 }, () => 0) };
  for (const { recipients, byAge } of rows) {
    total.recipients += recipients;
    for (const [index, count] of byAge.entries()) total.byAge[index] += count;
  }
  const most = rows.toSorted((a, b) => b.recipients - a.recipients);
  return { total, rows: most.slice(0, limit) };
}

function shapeRow([name, count, ...younger]: Value[]): ShapeRow {
  const recipients = Number(count);
  // From "younger than" to "between two bounds".
  const upTo = [...younger.map(Number), recipients];
  const byAge = upTo.map((n, index) => n - (index === 0 ? 0 : upTo[index - 1]));
  return { name: typeof name === "string" ? name : "", recipients, byAge };
}
