/** RENAME from to (RFC 9051 §6.3.6). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type RenameCommand = { readonly verb: "RENAME"; readonly from: string; readonly to: string };

export function readRename(reader: ArgumentReader): RenameCommand {
  reader.space();
  const from = reader.mailbox();
  reader.space();
  return { verb: "RENAME", from, to: reader.mailbox() };
}
