/** RCPT (RFC 5321 §4.1.1.3): one more recipient. */

import { invariant } from "../../base/errors.ts";
import { isAsciiPath } from "../describe-path.ts";
import { takesParameters } from "../extensions.ts";
import type { RcptParams } from "../handler.ts";
import { readParameters } from "../params/read-parameters.ts";
import { RCPT_PARAMETERS } from "../params/table.ts";
import { parseForwardPath } from "../path.ts";
import { type Reply, reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection } from "../server-connection.ts";

export async function answerRcpt(connection: ServerConnection, argument: string): Promise<Reply> {
  const { transaction } = connection;
  invariant(transaction !== undefined, "RCPT is checked to follow MAIL");
  const answer = await addRecipient(connection, argument);
  if (answer.code >= 400) transaction.refusedRecipients++;
  return answer;
}

async function addRecipient(connection: ServerConnection, argument: string): Promise<Reply> {
  const { transaction, options, handler } = connection;
  invariant(transaction !== undefined, "RCPT is checked to follow MAIL");
  const parsed = parseForwardPath(argument);
  // RFC 3463 §3.2: 5.1.3, bad destination address syntax.
  if (!parsed.ok) return reply(501, "5.1.3", `Bad recipient: ${parsed.problem}`);
  const { path, rest } = parsed.value;
  const smtpUtf8 = transaction.params.smtpUtf8 === true;
  const read = readParameters<RcptParams>(
    rest,
    RCPT_PARAMETERS,
    (extension) => takesParameters(extension, connection),
    {
      nowMs: () => options.clock.nowMs(),
      maxHoldSeconds: options.limits.maxHoldSeconds,
      smtpUtf8,
    },
  );
  if ("refusal" in read) return read.refusal;
  if (!smtpUtf8 && !isAsciiPath(path)) return replies.UTF8_NOT_DECLARED;
  // RFC 5321 §4.5.3.1.10: 452, and those accepted so far stand.
  if (transaction.recipients >= options.limits.maxRecipients) return replies.TOO_MANY_RECIPIENTS;
  const refusal = await connection.ask(() => handler.rcpt(path, read.params));
  if (refusal !== undefined) return refusal;
  connection.addRecipient(transaction, path);
  return replies.RECIPIENT_OK;
}
