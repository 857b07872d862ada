/** Whole messages of the selected mailbox, many by one command, each streamed to where it goes. */

import { invariant } from "../../base/errors.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { readFetch } from "./read-fetch.ts";
import { splitUidSet } from "./uid-set.ts";

/** Takes the octets of one message. */
export type MessageSink = { write(octets: Uint8Array): Promise<void> };

/**
 * Reads `uids` without marking them read: `open` makes a place for each message as it begins.
 * Resolves with the places by UID; what the server has no more is not among them. Places that
 * belong to no UID in the end go to `discard`.
 */
export async function readMessages<Sink extends MessageSink>(
  connection: ImapConnection,
  uids: readonly number[],
  open: () => Sink,
  discard: (sink: Sink) => void,
): Promise<ReadonlyMap<number, Sink>> {
  const done = new Map<number, Sink>();
  const short: Promise<void>[] = [];
  let current: Sink | undefined;
  const leave = (sink: Sink | undefined): void => {
    if (sink !== undefined) discard(sink);
  };
  try {
    for (const set of splitUidSet(uids)) {
      await connection.run("UID FETCH", [set, "(UID BODY.PEEK[])"], {
        streamOverOctets: 0,
        literal: (head) => {
          leave(current);
          // Other literals are flags or names, and belong to no message.
          current = /BODY\[\] ~?$/i.test(head) ? open() : undefined;
        },
        piece: async (octets) => {
          await current?.write(octets);
        },
        data: (response) => {
          if (response.name !== "FETCH") return false;
          const { uid, sections } = readFetch(response);
          const text = sections.get("");
          if (text === undefined) return false;
          // A server may send a short message as a quoted string, which is not streamed.
          const sink = current ?? open();
          current = undefined;
          if (text.length > 0) short.push(sink.write(text));
          if (uid === undefined || done.has(uid) || !uids.includes(uid)) discard(sink);
          else done.set(uid, sink);
          return true;
        },
      });
    }
    invariant(current === undefined, "each message that began has ended");
    await Promise.all(short);
    return done;
  } catch (error) {
    leave(current);
    for (const sink of done.values()) discard(sink);
    throw error;
  }
}
