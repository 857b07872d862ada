/**
 * Base subject (RFC 5256 §2.1): what is left of a Subject when replies, forwards and list tags are
 * taken off; by it messages are sorted and threads without references are joined.
 */

import { decodeWords } from "./encoded-word.ts";

export type BaseSubject = {
  readonly base: string;
  /** Something said that this is a reply or a forward. */
  readonly isReplyOrForward: boolean;
};

/** Longer subjects are cut: nobody threads by what comes after. */
const MAX_LENGTH = 2000;

const LEADER = /^(?:\[[^[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^[\]]*\]\s*)?:\s*/i;
const BLOB = /^\[[^[\]]*\]\s*/;
const TRAILER = /\s*\(fwd\)\s*$/i;

/** `subject` is the field's text; encoded words are decoded here (step 1). */
export function baseSubject(subject: string): BaseSubject {
  let isReplyOrForward = false;
  let base = decodeWords(subject.slice(0, MAX_LENGTH)).replace(/\s+/g, " ").trim();
  for (;;) {
    // Step 2: trailers.
    for (let cut = base.replace(TRAILER, ""); cut !== base; cut = base.replace(TRAILER, "")) {
      base = cut;
      isReplyOrForward = true;
    }
    base = base.trimEnd();
    // Steps 3 to 5: leaders, and blobs as long as something stands after them.
    for (;;) {
      const leader = LEADER.exec(base);
      if (leader !== null) {
        base = base.slice(leader[0].length);
        isReplyOrForward = true;
        continue;
      }
      const blob = BLOB.exec(base);
      if (blob === null || blob[0].length >= base.length) break;
      base = base.slice(blob[0].length);
    }
    // Step 6: `[fwd: … ]` around the whole.
    if (!/^\[fwd:/i.test(base) || !base.endsWith("]")) return { base, isReplyOrForward };
    base = base.slice(5, -1).trim();
    isReplyOrForward = true;
  }
}
