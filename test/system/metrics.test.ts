/** What Prometheus reads from a running server, and that nothing else can be had there. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { freePorts, makePosthornFolder } from "./posthorn-process.ts";
import { smtpDialogue } from "./smtp-dialogue.ts";

test("metrics: what was accepted and refused, who is there, what waits", async (context) => {
  const { smtp: port } = await freePorts("127.0.0.1");
  const folder = await makePosthornFolder(context);
  const config = readFileSync(folder.config, "utf8");
  writeFileSync(folder.config, `${config}metrics = "127.0.0.1:${port}"\n`);
  await folder.must("domain", "add", "us.test");
  await folder.addAccount("anna@us.test", "secret of anna");
  const server = await folder.start();
  const talk = smtpDialogue({ port: server.ports.smtp, host: "127.0.0.1" });
  await talk.reply();
  await talk.say("EHLO other.test");
  await talk.say("MAIL FROM:<b@far.test>");
  assert.match(await talk.say("RCPT TO:<nobody@us.test>"), /^550/);
  assert.match(await talk.say("RCPT TO:<anna@us.test>"), /^250/);
  await talk.say("DATA");
  assert.match(await talk.say("Subject: x\r\n\r\nhello\r\n."), /^250/);

  const url = `http://127.0.0.1:${port}`;
  const answer = await fetch(`${url}/metrics`);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  const value = (series: string): number | undefined => {
    const line = text.split("\n").find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  assert.equal(value('posthorn_messages_accepted_total{tls="no",submitted="no"}'), 1);
  assert.equal(value("posthorn_recipients_accepted_total"), 1);
  assert.equal(value('posthorn_smtp_refusals_total{verb="RCPT",code="550"}'), 1);
  assert.equal(value('posthorn_sessions{service="smtp"}'), 1);
  assert.equal(value('posthorn_sessions{service="imap"}'), 0);
  assert.equal(value('posthorn_queue_recipients{state="due"}'), 0);
  assert.equal(
    value(
      'posthorn_delivery_outcomes_total{status="delivered",class="2.1",relay="local",tls="no"}',
    ),
    1,
  );
  assert.equal(value('posthorn_delivery_delay_seconds_count{status="delivered"}'), 1);
  assert.ok((value("posthorn_store_commits_total") ?? 0) >= 1);
  assert.ok((value("posthorn_disk_free_bytes") ?? 0) > 0);
  assert.ok((value("process_resident_memory_bytes") ?? 0) > 1e6);
  // Every line is a comment or a sample, and each name is described once.
  for (const line of text.trimEnd().split("\n")) {
    assert.match(line, /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[^}]*\})? [0-9.e+-]+)$/);
  }
  const described = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  assert.equal(new Set(described).size, described.length);

  assert.equal(await (await fetch(`${url}/health`)).text(), "ok\n");
  assert.equal((await fetch(`${url}/../posthorn.toml`)).status, 404);
  assert.equal((await fetch(`${url}/metrics`, { method: "POST", body: "x" })).status, 405);
  talk.close();
  await server.stop();
});

test("a port that is taken is named", async (context) => {
  const folder = await makePosthornFolder(context);
  const config = readFileSync(folder.config, "utf8");
  writeFileSync(folder.config, `${config}metrics = "127.0.0.1:${folder.ports.smtp}"\n`);
  const result = await folder.cli("serve");
  assert.notEqual(result.status, 0);
  assert.match(result.stdout + result.stderr, /(listen\.metrics|EADDRINUSE|in use)/);
});
