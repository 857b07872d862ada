/**
 * The event loop's end of the writer thread. Requests made in one turn go out as one batch; answers
 * come back a commit at a time, and what changed is told (`onCommit`) before anyone's promise is
 * resolved, so that whoever awaits a write sees its effect everywhere.
 */

import { extname } from "node:path";
import { Worker } from "node:worker_threads";

import type { Clock } from "../../base/clock.ts";
import { InvariantError, MailError } from "../../base/errors.ts";
import { Packer } from "./packer.ts";
import type {
  Answers,
  AnswerOf,
  Batch,
  Failure,
  FromWriter,
  OperationName,
  PostedRequest,
  RequestOf,
  Tidied,
  ToWriter,
  WriterOptions,
} from "./requests.ts";

type Pending = {
  readonly name: OperationName;
  readonly build: (packer: Packer) => unknown;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
  readonly sinceMs: number;
};

const MAX_BATCH_OCTETS = 8 << 20;

export class WriterClient {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #onCommit: (answers: Answers) => void;
  #toPost: Pending[] = [];
  #posted: Pending[] = [];
  #isPostScheduled = false;
  /** Why nothing can be written any more. */
  #ended: Error | undefined;
  /** What was asked and done, for whoever watches. */
  readonly activity = { commits: 0, requests: 0, failures: 0, waitMs: 0 };
  #onClosed: (() => void) | undefined;
  #onAnswers: (() => void)[] = [];
  #onTidied: ((tidied: Tidied | undefined) => void) | undefined;
  readonly writerId: number;

  private constructor(
    worker: Worker,
    writerId: number,
    clock: Clock,
    onCommit: (answers: Answers) => void,
  ) {
    this.#worker = worker;
    this.writerId = writerId;
    this.#clock = clock;
    this.#onCommit = onCommit;
    worker.on("message", (message: FromWriter) => this.#receive(message));
    worker.on("error", (error) => this.#end(error));
    worker.on("exit", () => this.#end(new MailError("store-closed", "the writer has ended")));
  }

  static async start(
    options: WriterOptions,
    clock: Clock,
    onCommit: (answers: Answers) => void,
  ): Promise<WriterClient> {
    const file = `./writer-thread${extname(import.meta.url)}`;
    const worker = new Worker(new URL(file, import.meta.url), { workerData: options });
    const first = await new Promise<FromWriter>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    worker.removeAllListeners("error");
    if (first.type !== "opened") {
      await worker.terminate();
      throw first.type === "failed" ? errorOf(first.failure) : new InvariantError("writer");
    }
    return new WriterClient(worker, first.writerId, clock, onCommit);
  }

  /** `build` is called when the batch is made; until then what it packs must stay as it is. */
  submit<Name extends OperationName>(
    name: Name,
    build: (packer: Packer) => RequestOf<Name>,
  ): Promise<AnswerOf<Name>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const { promise, resolve, reject } = Promise.withResolvers<AnswerOf<Name>>();
    const sinceMs = this.#clock.monotonicMs();
    this.#toPost.push({
      name,
      build,
      resolve: resolve as (answer: never) => void,
      reject,
      sinceMs,
    });
    if (!this.#isPostScheduled) {
      this.#isPostScheduled = true;
      queueMicrotask(() => this.#post());
    }
    return promise;
  }

  /** One bite of compaction, once no request waits; undefined if the writer has ended. One call at a time. */
  tidy(): Promise<Tidied | undefined> {
    if (this.#ended !== undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#onTidied = resolve;
      this.#say({ type: "tidy", nowMs: Math.round(this.#clock.nowMs()) });
    });
  }

  /** Resolves when every request made so far has its answer. */
  async drain(): Promise<void> {
    while (this.#ended === undefined && (this.#toPost.length > 0 || this.#posted.length > 0)) {
      await new Promise<void>((resolve) => this.#onAnswers.push(resolve));
    }
  }

  /** Requests made before are carried out first. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#post();
    const closed = new Promise<void>((resolve) => (this.#onClosed = resolve));
    this.#say({ type: "close" });
    await closed;
    this.#ended = new MailError("store-closed", "the store is closed");
    await this.#worker.terminate();
  }

  #post(): void {
    this.#isPostScheduled = false;
    const pending = this.#toPost;
    this.#toPost = [];
    for (let next = 0; next < pending.length;) next = this.#postFrom(pending, next);
  }

  #postFrom(pending: readonly Pending[], from: number): number {
    const packer = new Packer();
    const requests: PostedRequest[] = [];
    let next = from;
    while (next < pending.length && packer.length < MAX_BATCH_OCTETS) {
      const request = pending[next++];
      try {
        requests.push({ name: request.name, request: request.build(packer) });
        this.#posted.push(request);
      } catch (error) {
        request.reject(error);
      }
    }
    if (requests.length === 0) return next;
    const { octets, extras } = packer.pack();
    const batch: Batch = {
      type: "batch",
      nowMs: Math.round(this.#clock.nowMs()),
      requests,
      octets,
      hasOctets: packer.hasOctets,
      extras,
    };
    this.#say(batch, [octets.buffer, extras.buffer]);
    return next;
  }

  #say(message: ToWriter, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromWriter): void {
    if (message.type === "closed") return this.#onClosed?.();
    if (message.type === "tidied") return this.#onTidied?.(message);
    if (message.type !== "answers") return;
    this.#onCommit(message);
    const settled = this.#posted.splice(0, message.answers.length);
    const failures = new Map(message.failures);
    this.#count(settled, failures.size);
    settled.forEach((pending, index) => {
      const failure = failures.get(index);
      if (failure !== undefined) pending.reject(errorOf(failure));
      else pending.resolve(message.answers[index] as never);
    });
    for (const resume of this.#onAnswers.splice(0)) resume();
  }

  #count(settled: readonly Pending[], failures: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.activity.commits++;
    this.activity.requests += settled.length;
    this.activity.failures += failures;
    for (const { sinceMs } of settled) this.activity.waitMs += nowMs - sinceMs;
  }

  #end(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended =
      error instanceof MailError
        ? error
        : new MailError("store-closed", "the store's writer has failed", { cause: error });
    for (const pending of [...this.#posted, ...this.#toPost]) pending.reject(this.#ended);
    this.#posted = [];
    this.#toPost = [];
    for (const resume of this.#onAnswers.splice(0)) resume();
    this.#onTidied?.(undefined);
    this.#onClosed?.();
  }
}

function errorOf(failure: Failure): Error {
  const error =
    failure.code === "bug"
      ? new InvariantError(failure.message)
      : new MailError(failure.code, failure.message);
  if (failure.code === "bug" && failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
