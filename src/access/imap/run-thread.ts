/** THREAD and UID THREAD (RFC 5256 §3; REFS, draft-ietf-morg-inthread): keys as they were stored at delivery, then threaded. */

import { no, okay } from "../../imap/completion.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { ThreadCommand } from "../../imap/command/thread.ts";
import { fold } from "./search-text.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { findMessages, type Found } from "./run-search.ts";
import { Slicer } from "./slicer.ts";
import { threadReferences, threadRefs, type ThreadMessage } from "./thread-references.ts";
import { threadSubjects } from "./thread-subjects.ts";
import { writeThread, type ThreadNode } from "./thread-tree.ts";

const BATCH = 256;
const HEAD_NAMES = ["threadHashes", "baseSubject", "isReplyOrForward", "sentMs"] as const;

export const runThread: Run<ThreadCommand> = async (session, command, context) => {
  const search = await findMessages(session, command, context);
  if (search.type === "refused") return search.completion;
  const numbers = command.isUid ? search.found.uids : search.found.seqs;
  const slicer = new Slicer(session.deps.clock);
  const messages = await loadKeys(session, { found: search.found, numbers, slicer, context });
  if (context.isCancelled()) return no("Cancelled");
  const threads = await threadBy(command.algorithm, messages, slicer);
  const { out } = context;
  out.text(threads.length === 0 ? "* THREAD" : "* THREAD ");
  for (const thread of threads) {
    writeThread(out, thread);
    if (out.isHeavy) await out.relieve();
  }
  out.line("");
  return okay("Threaded");
};

async function threadBy(
  algorithm: ThreadCommand["algorithm"],
  messages: readonly ThreadMessage[],
  slicer: Slicer,
): Promise<readonly ThreadNode[]> {
  switch (algorithm) {
    case "ORDEREDSUBJECT":
      return threadSubjects(messages, slicer);
    case "REFERENCES":
      return threadReferences(messages, slicer);
    case "REFS":
      return threadRefs(messages, slicer);
  }
}

/** A message that has gone or cannot be read is in no thread. */
async function loadKeys(
  session: MailSession,
  work: {
    readonly found: Found;
    readonly numbers: readonly number[];
    readonly slicer: Slicer;
    readonly context: CommandContext;
  },
): Promise<ThreadMessage[]> {
  const { found, numbers, slicer, context } = work;
  const messages: ThreadMessage[] = [];
  const open = session.selected?.open;
  if (open === undefined) return messages;
  for (let from = 0; from < found.uids.length; from += BATCH) {
    const batch = found.uids.slice(from, from + BATCH);
    const ids = batch.map((uid) => open.messageIds[open.indexOfUid(uid)] ?? 0);
    const heads = await session.deps.store.mail.heads(ids, HEAD_NAMES);
    for (const [index, head] of heads.entries()) {
      const position = open.indexOfUid(batch[index]);
      if (head === undefined || position === -1) continue;
      messages.push({
        number: numbers[from + index],
        hashes: head.threadHashes,
        baseSubject: fold(head.baseSubject),
        isReplyOrForward: head.isReplyOrForward,
        dateMs: head.sentMs ?? open.internalDatesMs[position],
        arrivalMs: open.internalDatesMs[position],
      });
    }
    if (slicer.isDue(BATCH)) await slicer.rest();
    if (context.isCancelled()) break;
    await context.progress.report(from, found.uids.length);
  }
  return messages;
}
