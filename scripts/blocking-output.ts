/**
 * Loaded before tests: what they print into a pipe is written at once. A forced exit (a test process
 * does not wait for idle sockets and threads) would otherwise drop what is still queued, totals first.
 */

type Handle = { setBlocking?(isBlocking: boolean): void };

for (const stream of [process.stdout, process.stderr]) {
  (stream as unknown as { _handle?: Handle })._handle?.setBlocking?.(true);
}
