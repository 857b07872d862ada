/** What commands print: tables for people, JSON for programs. */

import type { Command } from "commander";
import { columnsOf } from "../mua/text/text-columns.ts";

export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** What a changing verb says: a sentence for people, or what is now as JSON. */
export function report(command: Command, facts: unknown, sentence: string): void {
  if (command.opts<{ json?: boolean }>().json === true) printJson(facts);
  else print(sentence);
}

export type Column<T> = {
  readonly title: string;
  readonly value: (row: T) => string | number | undefined;
  readonly align?: "left" | "right";
};

/** Columns as wide as what is in them; control characters (from the network, in the end) made harmless. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = rows.map((row) =>
    columns.map((column) => harmless(String(column.value(row) ?? ""))),
  );
  const titles = columns.map((column) => column.title);
  const widths = columns.map((_, i) =>
    Math.max(...[titles, ...cells].map((line) => columnsOf(line[i]))),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => {
        const space = " ".repeat(widths[i] - columnsOf(text));
        return columns[i].align === "right" ? space + text : text + space;
      })
      .join("  ")
      .trimEnd();
  return [titles, ...cells].map(line).join("\n");
}

export function printTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  whenEmpty: string,
): void {
  print(rows.length === 0 ? whenEmpty : table(rows, columns));
}

/** Two columns: what, and its value. */
export function printFacts(
  facts: readonly (readonly [string, string | number | undefined])[],
): void {
  const width = Math.max(...facts.map(([name]) => columnsOf(name)));
  for (const [name, value] of facts) {
    if (value !== undefined) print(`${name.padEnd(width)}  ${harmless(String(value))}`);
  }
}

/** Control characters, which came from the network in the end, do nothing to a terminal. */
export function harmless(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f]+/g, " ");
}

export function showSize(octets: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = octets;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `2h 5m`, `3d 4h`, `12s`: how long. */
export function showDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1_000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

/** Local time to the minute, as `ls` shows it. */
export function showTime(timeMs: number): string {
  const time = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
