/**
 * `flags.jsonl` in a folder of .eml files: what a message has beside its octets, one line a file. A
 * file that is not in it, or has another size than it says, is another program's.
 */

export const FLAGS_FILE = "flags.jsonl";
export const SUBSCRIPTIONS_FILE = "subscriptions.json";

export type EmlFacts = {
  readonly file: string;
  readonly sizeOctets: number;
  readonly flags: readonly string[];
  readonly dateMs: number;
};

export function formatEmlFacts({ file, sizeOctets, flags, dateMs }: EmlFacts): string {
  const date = new Date(dateMs).toISOString();
  return `${JSON.stringify({ file, size: sizeOctets, flags, date })}\n`;
}

/** Lines that make no sense say nothing. */
export function parseEmlFacts(text: string): Map<string, EmlFacts> {
  const facts = new Map<string, EmlFacts>();
  for (const line of text.split("\n")) {
    const found = parseLine(line);
    if (found !== undefined) facts.set(found.file, found);
  }
  return facts;
}

function parseLine(line: string): EmlFacts | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { file, size, flags, date } = value as Record<string, unknown>;
  const dateMs = typeof date === "string" ? Date.parse(date) : Number.NaN;
  if (typeof file !== "string" || typeof size !== "number" || Number.isNaN(dateMs))
    return undefined;
  const names = Array.isArray(flags) ? flags.filter((flag) => typeof flag === "string") : [];
  return { file, sizeOctets: size, flags: names, dateMs };
}
