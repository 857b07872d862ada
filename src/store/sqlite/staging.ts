/**
 * Messages on their way in. Up to a bound they stay in memory; what is larger goes to a spool file
 * that later becomes part of the store as it is. Whoever writes waits for the disk, so memory stays
 * bounded whatever a peer sends (Invariant 7).
 */

import { constants, type PathLike } from "node:fs";
import { open, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { concatBytes } from "../../base/bytes.ts";
import { InvariantError, MailError } from "../../base/errors.ts";
import type { StagedMessage } from "../octets.ts";
import type { Packer } from "./packer.ts";
import type { MessageSource } from "./requests.ts";
import { CREATE_FLAGS } from "./store-files.ts";
import { storeError } from "./store-error.ts";

/** What is not larger than this never touches the spool. */
export const MEMORY_OCTETS: number = 256 * 1024;
/** Spooled messages are written in pieces of at least this size: each write costs a turn of the thread pool. */
const WRITE_OCTETS = 256 * 1024;
/** Written or not, so much of a message may be in memory before its sender has to wait. */
const WAITING_OCTETS = 512 * 1024;

export type Spool = {
  readonly folder: string;
  /** Name of a new spool file: begins with the writer's id, so that recovery knows whose it was. */
  readonly newName: () => string;
};

export class Staged implements StagedMessage {
  readonly #spool: Spool;
  #pieces: Uint8Array[] = [];
  #size = 0;
  /** Of `#pieces`, and of those that are being written. */
  #waitingOctets = 0;
  #isWriting = false;
  #failure: unknown;
  #file: { readonly path: string; readonly handle: FileHandle } | undefined;
  #writing: Promise<void> = Promise.resolve();
  #state: "open" | "accepted" | "discarded" = "open";

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  get sizeOctets(): number {
    return this.#size;
  }

  /** Octets already in hand, taken over without a copy. */
  takeOver(octets: Uint8Array): void {
    this.#pieces.push(octets);
    this.#size += octets.length;
  }

  write(octets: Uint8Array): Promise<void> {
    if (this.#state !== "open") return Promise.reject(new InvariantError("message is not open"));
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    // Only where the caller's array is a small part of a larger one would it keep that alive.
    const isPart = octets.buffer.byteLength > 2 * octets.length;
    this.#pieces.push(isPart ? new Uint8Array(octets) : octets);
    this.#size += octets.length;
    this.#waitingOctets += octets.length;
    if (this.#file === undefined && this.#size <= MEMORY_OCTETS) return DONE;
    if (!this.#isWriting && this.#waitingOctets >= WRITE_OCTETS) this.#beginWriting();
    return this.#waitingOctets < WAITING_OCTETS ? DONE : this.#writing;
  }

  #beginWriting(): void {
    this.#isWriting = true;
    this.#writing = this.#flush().finally(() => (this.#isWriting = false));
    // Whoever writes or settles next hears of a failure; until then nobody may be waiting.
    this.#writing.catch(() => {});
  }

  /** All that was written so far, on its way to the file or in it. */
  async #written(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#file === undefined || this.#pieces.length === 0) return;
    this.#beginWriting();
    await this.#writing;
  }

  async head(maxOctets: number): Promise<Uint8Array> {
    await this.#written();
    if (this.#file === undefined) return concatBytes(this.#pieces).subarray(0, maxOctets);
    const buffer = new Uint8Array(Math.min(maxOctets, this.#size));
    const { bytesRead } = await this.#file.handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  }

  async discard(): Promise<void> {
    if (this.#state === "open") this.#state = "discarded";
    this.#pieces = [];
    await this.#writing.catch(() => {});
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    await file.handle.close().catch(() => {});
    // After an accept the file is part of the store and no longer has this name.
    if (this.#state === "discarded") await unlink(file.path).catch(() => {});
  }

  /** Before it is handed to the writer: a spooled message must be on disk, off the event loop. */
  async settle(): Promise<void> {
    if (this.#state !== "open") throw new InvariantError("message is not open");
    await this.#written();
    if (this.#file === undefined) return;
    try {
      await this.#file.handle.datasync();
    } catch (error) {
      throw storeError(error, "syncing a spooled message");
    }
  }

  /** Small ones need no `settle`. */
  get isInMemory(): boolean {
    return this.#file === undefined && this.#size <= MEMORY_OCTETS;
  }

  source(packer: Packer): MessageSource {
    if (this.#state !== "open") throw new InvariantError("message is not open");
    return this.#file === undefined
      ? { kind: "octets", at: packer.octets(this.#pieces), size: this.#size }
      : { kind: "file", file: this.#file.path, size: this.#size };
  }

  accepted(): void {
    this.#state = "accepted";
    this.#pieces = [];
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    file.handle.close().catch(() => {});
    // The writer has moved it into the store, unless nobody wanted the message.
    unlink(file.path).catch(() => {});
  }

  async #flush(): Promise<void> {
    try {
      const { handle } = (this.#file ??= await this.#create());
      do {
        const octets = this.#waitingOctets;
        let left: readonly Uint8Array[] = this.#pieces;
        this.#pieces = [];
        while (left.length > 0) {
          const { bytesWritten } = await handle.writev(left);
          if (bytesWritten === 0) throw new MailError("disk-full", "the spool takes no more");
          left = without(left, bytesWritten);
        }
        this.#waitingOctets -= octets;
      } while (this.#waitingOctets >= WRITE_OCTETS);
    } catch (error) {
      this.#failure = storeError(error, "spooling a message");
      throw this.#failure;
    }
  }

  async #create(): Promise<{ path: string; handle: FileHandle }> {
    const path: PathLike & string = join(this.#spool.folder, this.#spool.newName());
    const handle = await open(path, CREATE_FLAGS | constants.O_APPEND, 0o600);
    await handle.chmod(0o600);
    return { path, handle };
  }
}

/** What of `pieces` is left once so many octets of them are written. */
function without(pieces: readonly Uint8Array[], octets: number): readonly Uint8Array[] {
  let done = octets;
  let index = 0;
  while (index < pieces.length && done >= pieces[index].length) done -= pieces[index++].length;
  if (done === 0) return pieces.slice(index);
  return [pieces[index].subarray(done), ...pieces.slice(index + 1)];
}

const DONE: Promise<void> = Promise.resolve();
