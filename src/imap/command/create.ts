/** CREATE mailbox [(USE (\attr))] (RFC 9051 §6.3.4, RFC 6154 §3). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type CreateCommand = {
  readonly verb: "CREATE";
  readonly mailbox: string;
  /** Attributes as the client wrote them, `\Sent`. */
  readonly uses: readonly string[];
};

const MAX_USES = 10;

export function readCreate(reader: ArgumentReader): CreateCommand {
  reader.space();
  const mailbox = reader.mailbox();
  const uses: string[] = [];
  if (reader.take(" ") && !reader.isAtEnd) {
    reader.list(() => {
      if (reader.keyword() !== "USE") reader.fail("Unknown create parameter");
      reader.space();
      reader.list(() => {
        reader.expect("\\");
        uses.push(`\\${reader.atom()}`);
        if (uses.length > MAX_USES) reader.fail("Too many uses");
      });
    });
  }
  return { verb: "CREATE", mailbox, uses };
}
