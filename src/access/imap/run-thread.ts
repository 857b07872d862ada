/** THREAD and UID THREAD (RFC 5256 §3): keys are read from the headers of what was found, then threaded. */

import { isMailError } from "../../base/errors.ts";
import { okay } from "../../imap/completion.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { ThreadCommand } from "../../imap/command/thread.ts";
import { parseHeader } from "../../message/header.ts";
import { threadKey } from "../../message/thread-key.ts";
import { fold } from "./search-text.ts";
import { BodySource } from "./body-source.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { findMessages, type Found } from "./run-search.ts";
import { Slicer } from "./slicer.ts";
import { threadReferences, type ThreadMessage } from "./thread-references.ts";
import { threadSubjects } from "./thread-subjects.ts";
import { writeThread } from "./thread-tree.ts";

const BATCH = 32;
/** Message ids and subject are looked for in so much of a header section. */
const MAX_HEADER_OCTETS = 262_144;

export const runThread: Run<ThreadCommand> = async (session, command, context) => {
  const search = await findMessages(session, command, context);
  if (search.type === "refused") return search.completion;
  const numbers = command.isUid ? search.found.uids : search.found.seqs;
  const slicer = new Slicer(session.deps.clock);
  const messages = await loadKeys(session, { found: search.found, numbers, slicer, context });
  const threads =
    command.algorithm === "REFERENCES"
      ? await threadReferences(messages, slicer)
      : threadSubjects(messages);
  const { out } = context;
  out.text(threads.length === 0 ? "* THREAD" : "* THREAD ");
  for (const thread of threads) {
    writeThread(out, thread);
    if (out.isHeavy) await out.relieve();
  }
  out.line("");
  return okay("Threaded");
};

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
  for (let from = 0; from < found.uids.length; from += BATCH) {
    const batch = found.uids.slice(from, from + BATCH);
    const loaded = await Promise.all(
      batch.map((uid, index) => loadKey(session, uid, numbers[from + index])),
    );
    for (const message of loaded) if (message !== undefined) messages.push(message);
    if (slicer.isDue(BATCH)) await slicer.rest();
    await context.progress.report(from, found.uids.length);
  }
  return messages;
}

/** Undefined for a message that has gone or cannot be read: it is in no thread. */
async function loadKey(
  session: MailSession,
  uid: number,
  number: number,
): Promise<ThreadMessage | undefined> {
  const open = session.selected?.open;
  const position = open?.indexOfUid(uid) ?? -1;
  if (open === undefined || position === -1) return undefined;
  const { store, log } = session.deps;
  const mailboxId = open.info.id;
  const arrivalMs = open.internalDatesMs[position];
  const sizeOctets = open.sizesOctets[position];
  const [details] = store.mail.details([open.messageIds[position]]);
  if (details === undefined) return undefined;
  try {
    const source = new BodySource(store, details, { grant: open.grant, uid, sizeOctets });
    const { end } = source.rangeOf({ path: [], kind: "header", fields: [] }) ?? { end: 0 };
    const octets = await source.read({ start: 0, end: Math.min(end, MAX_HEADER_OCTETS) });
    const key = threadKey(octets, parseHeader(octets));
    return {
      number,
      key: { ...key, baseSubject: fold(key.baseSubject) },
      dateMs: key.sentMs ?? arrivalMs,
    };
  } catch (error) {
    if (!isMailError(error, "not-found"))
      log.error("imap.message-unreadable", error, { mailboxId, uid });
    return undefined;
  }
}
