/** The reply for an error that a handler or a sink threw: the environment failed, or we have a bug. */

import { isMailError } from "../base/errors.ts";
import { type Reply, reply } from "./reply.ts";
import { DISK_FULL, LOCAL_ERROR, OUR_BUG } from "./replies.ts";

export function replyForError(error: unknown): Reply {
  if (!isMailError(error)) return OUR_BUG;
  if (error.code === "disk-full") return DISK_FULL;
  if (error.code === "over-quota") return reply(452, "4.2.2", "Mailbox full");
  if (error.temporary) return LOCAL_ERROR;
  return reply(554, "5.3.0", "Local error; this message cannot be taken");
}
