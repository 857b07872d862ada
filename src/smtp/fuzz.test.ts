import { test } from "node:test";
import { Worker } from "node:worker_threads";

/** In a thread of its own: the test runner's tracking of promises makes the engines five times slower. */
function fuzzInThread(iterations: number, seed: number): Promise<void> {
  const fuzzer = JSON.stringify(new URL("../../fuzz/smtp.ts", import.meta.url).href);
  const code = `import(${fuzzer}).then((smtp) => smtp.fuzz(${iterations}, ${seed}))`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true });
    worker.once("error", reject);
    worker.once("exit", (exitCode) =>
      exitCode === 0 ? resolve() : reject(new Error(`exit code ${exitCode}`)),
    );
  });
}

test("security rows 3, 4, 16, 21, 30, 36: 20,000 mutated dialogues: no throw, no hang, the same answers however they are cut", async () => {
  await fuzzInThread(20_000, 1);
});
