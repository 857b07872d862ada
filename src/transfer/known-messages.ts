/**
 * Which messages of a mailbox are there already: same octets and same date to the second. Only where
 * size and date agree is anything read. Each is found once, so that a mailbox in which a message
 * stands twice stays as it is, and a second run finds both.
 */

export type KnownMessage = {
  readonly uid: number;
  readonly sizeOctets: number;
  readonly dateMs: number;
};

export class KnownMessages {
  readonly #byKey = new Map<string, number[]>();
  readonly #hashes = new Map<number, string | undefined>();
  readonly #readHash: (uid: number) => Promise<string | undefined>;

  /** `readHash`: undefined for what is gone meanwhile. */
  constructor(
    messages: Iterable<KnownMessage>,
    readHash: (uid: number) => Promise<string | undefined>,
  ) {
    this.#readHash = readHash;
    for (const { uid, sizeOctets, dateMs } of messages) {
      const key = keyOf(sizeOctets, dateMs);
      const uids = this.#byKey.get(key);
      if (uids === undefined) this.#byKey.set(key, [uid]);
      else uids.push(uid);
    }
  }

  mayHave(sizeOctets: number, dateMs: number): boolean {
    return (this.#byKey.get(keyOf(sizeOctets, dateMs))?.length ?? 0) > 0;
  }

  /** The UID of the message with these octets, which is then no longer known. */
  async take(sizeOctets: number, dateMs: number, hash: string): Promise<number | undefined> {
    const uids = this.#byKey.get(keyOf(sizeOctets, dateMs)) ?? [];
    for (const [at, uid] of uids.entries()) {
      if (!this.#hashes.has(uid)) this.#hashes.set(uid, await this.#readHash(uid));
      if (this.#hashes.get(uid) !== hash) continue;
      uids.splice(at, 1);
      return uid;
    }
    return undefined;
  }
}

function keyOf(sizeOctets: number, dateMs: number): string {
  return `${sizeOctets} ${Math.floor(dateMs / 1000)}`;
}
