/** The version, from package.json: the one place that has it. */

import { readFileSync } from "node:fs";

export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const facts = JSON.parse(text) as { version?: unknown };
  return String(facts.version);
}
