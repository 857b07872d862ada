/** CANCELUPDATE "tag" … (RFC 5267 §4.4): no more news of these searches. */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type CancelUpdateCommand = {
  readonly verb: "CANCELUPDATE";
  readonly tags: readonly string[];
};

const MAX_TAGS = 100;

export function readCancelUpdate(reader: ArgumentReader): CancelUpdateCommand {
  const tags: string[] = [];
  do {
    reader.space();
    tags.push(reader.string());
    if (tags.length > MAX_TAGS) reader.fail("Too many tags");
  } while (!reader.hasFailed && !reader.isAtEnd);
  return { verb: "CANCELUPDATE", tags };
}
