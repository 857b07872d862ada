/** Which columns of the selected mailbox a command looks at: those of a large one are read before it begins. */

import type { MailCommand } from "../../imap/handler.ts";

const OF_FLAGS: ReadonlySet<string> = new Set(["UID", "FLAGS", "MODSEQ"]);
const NEEDED: ReadonlyMap<string, "flags" | "all"> = new Map([
  ["SEARCH", "all"],
  ["SORT", "all"],
  ["THREAD", "all"],
  ["STORE", "flags"],
  ["COPY", "flags"],
  ["MOVE", "flags"],
  ["EXPUNGE", "flags"],
]);

export function columnsNeeded(command: MailCommand): "flags" | "all" | undefined {
  if (command.verb !== "FETCH") return NEEDED.get(command.verb);
  const { plain, sections, binaries, hasPreview } = command;
  const readsMore = sections.length + binaries.length > 0 || hasPreview;
  return readsMore || [...plain].some((item) => !OF_FLAGS.has(item)) ? "all" : "flags";
}
