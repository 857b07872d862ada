/** DATA (RFC 5321 §4.1.1.4). */

import { invariant } from "../../base/errors.ts";
import type { Reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection } from "../server-connection.ts";
import { SessionOver } from "../session-over.ts";
import { finishTransaction, openReceiver, takeContent } from "./content.ts";

export async function answerData(
  connection: ServerConnection,
  argument: string,
): Promise<Reply | readonly Reply[]> {
  const { transaction, options } = connection;
  invariant(transaction !== undefined, "DATA is checked to follow RCPT");
  if (argument !== "") return replies.NO_ARGUMENT;
  // RFC 3030 §3: a receiver that knows only DATA's end could not tell it from binary content.
  if (transaction.params.body === "binarymime") return replies.BINARY_NEEDS_BDAT;
  // RFC 5321 §3.3: the message follows the 354. Who does not wait is no mail client.
  if (options.refusesEarlyTalkers && connection.hasEarlyInput) {
    throw new SessionOver("early-talker", replies.EARLY_TALKER);
  }
  const opened = await openReceiver(connection);
  if ("refusal" in opened) return opened.refusal;
  connection.send(replies.START_DATA);
  connection.wire.expectData();
  await takeContent(connection, opened.receiver);
  return finishTransaction(connection, opened.receiver);
}
