/** What a mailbox must look like, the slow and obvious way: for tests that do random things to a store. */

import assert from "node:assert/strict";

import type { OpenMailbox } from "../mail.ts";
import { DELETED, SEEN } from "../mail.ts";

export type ModelMessage = { readonly uid: number; flags: Set<string>; readonly size: number };

const SYSTEM = new Map([
  ["\\Seen", SEEN],
  ["\\Deleted", DELETED],
]);

export class MailboxModel {
  messages: ModelMessage[] = [];
  uidNext = 1;
  /** Every expunge as it happened. */
  readonly vanished: { readonly modSeq: number; readonly uid: number }[] = [];

  add(size: number, flags: readonly string[]): number {
    const uid = this.uidNext++;
    this.messages.push({ uid, flags: new Set(flags), size });
    return uid;
  }

  remove(uids: readonly number[], modSeq: number): void {
    this.messages = this.messages.filter(({ uid }) => !uids.includes(uid));
    for (const uid of uids) this.vanished.push({ modSeq, uid });
  }

  /** The flags of the messages of an open mailbox are names again, to compare with ours. */
  checkAgainst(box: OpenMailbox): void {
    assert.deepEqual(
      Array.from(box.uids.subarray(0, box.count)),
      this.messages.map(({ uid }) => uid),
    );
    this.messages.forEach((message, index) => {
      assert.deepEqual([...namesOf(box, index)].sort(), [...message.flags].sort());
      assert.equal(box.sizesOctets[index], message.size);
    });
    assert.equal(box.uidNext, this.uidNext);
  }

  get unseen(): number {
    return this.messages.filter(({ flags }) => !flags.has("\\Seen")).length;
  }

  get deleted(): number {
    return this.messages.filter(({ flags }) => flags.has("\\Deleted")).length;
  }
}

function namesOf(box: OpenMailbox, index: number): Set<string> {
  const names = new Set<string>();
  for (const [name, bit] of SYSTEM) if ((box.flags[index] & bit) !== 0) names.add(name);
  box.keywords.forEach((keyword, place) => {
    const isSet =
      place < 24
        ? (box.flags[index] & (1 << (place + 8))) !== 0
        : (box.flagsHigh[index] & (1 << (place - 24))) !== 0;
    if (isSet) names.add(keyword);
  });
  return names;
}
