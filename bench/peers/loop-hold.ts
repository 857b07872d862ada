/**
 * How long one task held the event loop, in time of the loop's own thread: what other programs on the
 * machine took away from it does not count. A timer looks every millisecond what was used since.
 */

export class LoopHold {
  #maxUs = 0;
  #lastUs = usedUs();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), 1);
    this.#timer.unref();
  }

  /** The longest since `reset`, in milliseconds. */
  get maxMs(): number {
    return this.#maxUs / 1000;
  }

  reset(): void {
    this.#maxUs = 0;
    this.#lastUs = usedUs();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowUs = usedUs();
    this.#maxUs = Math.max(this.#maxUs, nowUs - this.#lastUs);
    this.#lastUs = nowUs;
  }
}

function usedUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
