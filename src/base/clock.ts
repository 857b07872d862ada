/** Time comes in through this port: tests drive it by hand (`testing/test-clock.ts`). */
export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00:00Z. May jump. */
  nowMs(): number;
  /** Never goes back; for durations. Milliseconds from an arbitrary start. */
  monotonicMs(): number;
  /** Calls `fire` once after `delayMs`. Returns the function that cancels it. */
  setTimer(delayMs: number, fire: () => void): () => void;
  /** Resolves after `delayMs`, or at once when `signal` aborts: look at `signal.aborted` afterwards. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
