import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog } from "../../base/log.ts";
import { countingLog } from "./event-metrics.ts";
import { MetricsRegistry } from "./registry.ts";

test("the text format: labels escaped, histograms add up, empty metrics left out", async () => {
  const registry = new MetricsRegistry();
  registry.counter("empty_total", "Nothing yet.");
  registry.counter("odd_total", "Odd values.").add({ who: 'a"b\\c\nd' }, 2);
  const seconds = registry.histogram("wait_seconds", "Waiting.");
  for (const value of [0.001, 0.3, 7, 1e9]) seconds.observe({ kind: "x" }, value);
  registry.gauge("broken", "Cannot be read.", () => {
    throw new Error("no");
  });
  registry.gauge("depth", "How deep.", () => [[{}, 5]]);
  const text = await registry.text();
  assert.doesNotMatch(text, /empty_total/);
  assert.match(text, /^odd_total\{who="a\\"b\\\\c\\nd"\} 2$/m);
  assert.match(text, /^wait_seconds_bucket\{kind="x",le="0.005"\} 1$/m);
  assert.match(text, /^wait_seconds_bucket\{kind="x",le="0.5"\} 2$/m);
  assert.match(text, /^wait_seconds_bucket\{kind="x",le="\+Inf"\} 4$/m);
  assert.match(text, /^wait_seconds_count\{kind="x"\} 4$/m);
  assert.match(text, /^depth 5$/m);
});

test("a peer that makes up label values cannot grow the list without end", async () => {
  const registry = new MetricsRegistry();
  const counter = registry.counter("x_total", "X.");
  const histogram = registry.histogram("y_seconds", "Y.");
  for (let n = 0; n < 5000; n++) {
    counter.add({ who: `peer${n}` });
    histogram.observe({ who: `peer${n}` }, 1);
  }
  const text = await registry.text();
  assert.ok(text.split("\n").length < 10_000);
  assert.match(text, /^x_total\{who="other"\} 4500$/m);
  assert.match(text, /^y_seconds_count\{who="other"\} 4500$/m);
});

test("what is logged is counted, with the fields of child logs", async () => {
  const registry = new MetricsRegistry();
  const log = countingLog(silentLog, registry).child({ tls: "none" });
  log.info("mta.outcome", {
    status: "deferred",
    dsn: "4.2.2",
    delayMs: 2500,
    connectMs: 10,
    transferMs: 20,
  });
  log.error("mta.job-failed", new Error("x"));
  const text = await registry.text();
  assert.match(text, /outcomes_total\{status="deferred",class="4.2",relay="remote",tls="no"\} 1/);
  assert.match(text, /delay_seconds_sum\{status="deferred"\} 2.5/);
  assert.match(text, /events_total\{event="mta.job-failed",level="error"\} 1/);
});
