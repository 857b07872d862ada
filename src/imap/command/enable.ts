/** ENABLE capability… (RFC 9051 §6.3.1). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type EnableCommand = { readonly verb: "ENABLE"; readonly names: readonly string[] };

const MAX_NAMES = 50;

export function readEnable(reader: ArgumentReader): EnableCommand {
  const names: string[] = [];
  do {
    reader.space();
    names.push(reader.atom().toUpperCase());
    if (names.length > MAX_NAMES) reader.fail("Too many capabilities");
  } while (!reader.hasFailed && !reader.isAtEnd);
  return { verb: "ENABLE", names };
}
