import assert from "node:assert/strict";
import { test } from "node:test";
import { whenAborted } from "./when-aborted.ts";

test("whenAborted: each listener once, those that are forgotten never", () => {
  const controller = new AbortController();
  const heard: string[] = [];
  whenAborted(controller.signal, () => heard.push("a"));
  const forget = whenAborted(controller.signal, () => heard.push("b"));
  const same = (): void => void heard.push("c");
  whenAborted(controller.signal, same);
  whenAborted(controller.signal, same)();
  forget();
  controller.abort();
  controller.abort();
  assert.deepEqual(heard, ["a", "c"]);
  whenAborted(undefined, same)();
});

test("whenAborted: one real listener, however many there are", () => {
  const controller = new AbortController();
  let added = 0;
  const { signal } = controller;
  const addEventListener = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    added++;
    addEventListener(...args);
  };
  let heard = 0;
  const forgets = Array.from({ length: 20_000 }, () => whenAborted(signal, () => heard++));
  for (const forget of forgets.slice(0, 15_000)) forget();
  controller.abort();
  assert.equal(added, 1);
  assert.equal(heard, 5000);
});
