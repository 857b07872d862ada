/** MAIL (RFC 5321 §4.1.1.2): begins a transaction. */

import { isAsciiPath } from "../describe-path.ts";
import { takesParameters } from "../extensions.ts";
import type { MailParams } from "../handler.ts";
import { readParameters } from "../params/read-parameters.ts";
import { MAIL_PARAMETERS } from "../params/table.ts";
import { parseReversePath } from "../path.ts";
import { type Reply, reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection } from "../server-connection.ts";
import { SessionOver } from "../session-over.ts";

export async function answerMail(connection: ServerConnection, argument: string): Promise<Reply> {
  const { options, handler } = connection;
  const parsed = parseReversePath(argument);
  // RFC 3463 §3.2: 5.1.7, bad sender's address syntax.
  if (!parsed.ok) return reply(501, "5.1.7", `Bad sender: ${parsed.problem}`);
  const { path, rest } = parsed.value;
  const read = readParameters<MailParams>(
    rest,
    MAIL_PARAMETERS,
    (extension) => takesParameters(extension, connection),
    {
      nowMs: () => options.clock.nowMs(),
      maxHoldSeconds: options.limits.maxHoldSeconds,
      smtpUtf8: false,
    },
  );
  if ("refusal" in read) return read.refusal;
  const { params } = read;
  if (path !== "null" && params.smtpUtf8 !== true && !isAsciiPath(path)) {
    return replies.UTF8_NOT_DECLARED;
  }
  if ((params.sizeOctets ?? 0) > options.limits.maxMessageOctets) return replies.TOO_LARGE;
  if (isTooSoon(params, options.limits.minDeliverBySeconds)) return replies.BY_TOO_SOON;
  if (connection.transactions >= options.limits.maxTransactions) {
    throw new SessionOver("too-many-transactions", replies.TOO_MANY_TRANSACTIONS);
  }
  const answer = await connection.ask(() => handler.mail(path, params));
  if (answer !== undefined && answer.code >= 300) {
    handler.reset();
    return answer;
  }
  connection.begin(path, params);
  return answer ?? replies.SENDER_OK;
}

/** RFC 2852 §4: what must be back before we can promise anything is not taken. */
function isTooSoon({ deliverBy }: MailParams, minSeconds: number): boolean {
  return deliverBy?.mode === "return" && deliverBy.seconds < minSeconds;
}
