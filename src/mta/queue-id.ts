/** Queue ids: short, unique, easy to read out. They stand in `queued as …`, Received and every log line. */

import type { Random } from "../base/random.ts";

/** No vowels and nothing that looks like something else: no words, no doubt on the telephone. */
const LETTERS = "23456789bcdfghjkmnpqrstvwxz";
const LENGTH = 12;
/** The largest multiple of the alphabet in an octet, so that all letters are equally likely. */
const FAIR_BELOW = 256 - (256 % LETTERS.length);

export function makeQueueId(random: Random): string {
  let id = "";
  while (id.length < LENGTH) {
    for (const octet of random.bytes(LENGTH)) {
      if (octet < FAIR_BELOW && id.length < LENGTH) id += LETTERS[octet % LETTERS.length];
    }
  }
  return id;
}
