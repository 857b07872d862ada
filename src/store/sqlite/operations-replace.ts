/** REPLACE (RFC 8508): a message goes and another comes, in one transaction. */

import { MailError } from "../../base/errors.ts";
import type { CommitContext } from "./commit-context.ts";
import { append } from "./operations-accept.ts";
import { expunge } from "./operations-expunge.ts";
import type { AnswerOf, RequestOf } from "./requests.ts";

/** The old one first, so that its room is the new one's. */
export function replace(
  context: CommitContext,
  request: RequestOf<"replace">,
): AnswerOf<"replace"> {
  const { fromId, uid, mailboxId, message } = request;
  const removed = expunge(context, { mailboxId: fromId, uids: [uid, uid], onlyDeleted: false });
  if (removed.length === 0) throw new MailError("not-found", "the message to replace is gone");
  const { uidValidity, uids } = append(context, { mailboxId, messages: [message] });
  return { uidValidity, uid: uids[0] };
}
