/**
 * What was promised to whom, told against what a store holds after a crash: acknowledged messages are
 * there once and as they were sent, expunged ones are gone, no UID is given out twice, and what a
 * mail program learns by QRESYNC (RFC 7162) from where it stood before is all there is to know.
 */

import assert from "node:assert/strict";

import { equalBytes } from "../../src/base/bytes.ts";
import type { Store } from "../../src/store/contract.ts";
import type { MailboxInfo, OpenMailbox } from "../../src/store/mail.ts";
import { idOf, madeMessage } from "./made-message.ts";
import type { MessageId } from "../../src/store/octets.ts";

/** A mail program's copy of a mailbox: UID to what it shows of the message. */
type Copy = { readonly modSeq: number; readonly messages: ReadonlyMap<number, string> };

export class CrashLedger {
  readonly acknowledged = new Set<number>();
  /** Being expunged when the process died: there or not. */
  readonly #leaving = new Set<number>();
  readonly #gone = new Set<number>();
  /** Which made message a stored one is, once read and compared. */
  readonly #known = new Map<number, number>();
  /** What a UID of a mailbox was first given to (Invariant 3). */
  readonly #given = new Map<string, number>();
  readonly #copies = new Map<number, Copy>();
  #read = 0;

  /** A line that the process under test wrote: `ack N`, `going N`, `gone N`. */
  hear(line: string): void {
    const [word, number] = line.split(" ");
    if (word === "ack") this.acknowledged.add(Number(number));
    else if (word === "going") this.#leaving.add(Number(number));
    else if (word === "gone") this.#gone.add(Number(number));
  }

  async verify(store: Store): Promise<void> {
    assert.deepEqual(await store.check(), []);
    const present = new Set<number>();
    for (const { id: accountId } of store.directory.accounts()) {
      for (const name of ["INBOX", "Archive"]) {
        const info = store.mail.mailbox(accountId, name);
        assert.ok(info);
        const box = await store.mail.open(info.grant);
        assert.ok(box);
        await this.#verifyMailbox(store, box, present);
        this.#resync(store, info, box);
        box.release();
      }
    }
    for (const id of this.acknowledged) {
      if (this.#leaving.has(id)) continue;
      assert.ok(present.has(id), `acknowledged message ${id} is there`);
    }
    for (const id of this.#gone) assert.ok(!present.has(id), `expunged message ${id} is gone`);
  }

  async #verifyMailbox(store: Store, box: OpenMailbox, present: Set<number>): Promise<void> {
    for (let index = 0; index < box.count; index++) {
      assert.ok(index === 0 || box.uids[index] > box.uids[index - 1], "UIDs ascend");
      const id = await this.#identify(store, box.messageIds[index]);
      assert.ok(!present.has(id), `message ${id} is there once`);
      present.add(id);
      const key: string = `${box.info.id}/${box.uids[index]}`;
      assert.equal(this.#given.get(key) ?? id, id, `UID ${key} is not given out again`);
      this.#given.set(key, id);
    }
  }

  /** Octets are read once each, and a few again, because compaction may have moved them since. */
  async #identify(store: Store, messageId: MessageId): Promise<number> {
    const known = this.#known.get(messageId);
    if (known !== undefined && this.#read++ % 20 !== 0) return known;
    const octets = await store.octets.read(messageId);
    const id = idOf(octets);
    assert.ok(equalBytes(octets, madeMessage(id)), `message ${id} is as it was sent`);
    assert.equal(store.queue.message(`Q${id}`) !== undefined, id % 4 === 0, `${id} is queued`);
    this.#known.set(messageId, id);
    return id;
  }

  #resync(store: Store, info: MailboxInfo, box: OpenMailbox): void {
    const now = copyOf(box);
    const before = this.#copies.get(info.id);
    this.#copies.set(info.id, now);
    if (before === undefined) return;
    assert.ok(now.modSeq >= before.modSeq, "MODSEQ does not go back");
    const vanished = store.mail.expungedSince(info.grant, before.modSeq);
    assert.ok(vanished, "no full download is needed");
    const learnt = new Map(before.messages);
    for (const uid of vanished) learnt.delete(uid);
    for (let index = 0; index < box.count; index++) {
      if (box.modSeqs[index] <= before.modSeq) continue;
      learnt.set(box.uids[index], shown(box, index));
    }
    const byUid = (messages: ReadonlyMap<number, string>): [number, string][] =>
      [...messages].sort(([a], [b]) => a - b);
    assert.deepEqual(byUid(learnt), byUid(now.messages), "what QRESYNC tells is all that changed");
  }
}

function copyOf(box: OpenMailbox): Copy {
  const messages = new Map<number, string>();
  for (let index = 0; index < box.count; index++) messages.set(box.uids[index], shown(box, index));
  return { modSeq: box.highestModSeq, messages };
}

function shown(box: OpenMailbox, index: number): string {
  return `${box.messageIds[index]} ${box.flags[index]} ${box.flagsHigh[index]}`;
}
