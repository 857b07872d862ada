/**
 * A server on the open Internet as a stranger finds it: every form of address that has ever made
 * some server relay, over a real socket, from a client that has not logged in.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { makePosthornFolder } from "./posthorn-process.ts";
import { smtpDialogue } from "./smtp-dialogue.ts";

const FORMS: Readonly<Record<string, string>> = {
  plain: "<victim@evil.test>",
  "another host in capitals": "<victim@EVIL.test>",
  "percent hack": "<victim%evil.test@us.test>",
  "percent hack at our host's name": "<victim%evil.test@mx.us.test>",
  "percent hack, nested": "<victim%evil.test%us.test@us.test>",
  "percent hack, quoted": '<"victim%evil.test"@us.test>',
  "percent hack without domain": "<victim%evil.test>",
  "bang path": "<evil.test!victim@us.test>",
  "bang path, nested": "<us.test!evil.test!victim@mx.us.test>",
  "bang path without domain": "<evil.test!victim>",
  "bang path, quoted": '<"evil.test!victim"@us.test>',
  "source route": "<@us.test:victim@evil.test>",
  "source route of two": "<@us.test,@mx.us.test:victim@evil.test>",
  "source route without brackets": "@us.test:victim@evil.test",
  "@ in quotes": '<"victim@evil.test"@us.test>',
  "@ in quotes without domain": '<"victim@evil.test">',
  "@ escaped": "<victim\\@evil.test@us.test>",
  "@ escaped in quotes": '<"victim\\@evil.test"@us.test>',
  "two @, ours last": "<victim@evil.test@us.test>",
  "two @, ours first": "<anna@us.test@evil.test>",
  "our address literal": "<victim%evil.test@[127.0.0.1]>",
  "their address literal": "<victim@[192.0.2.66]>",
  "IPv6 literal": "<victim@[IPv6:2001:db8::66]>",
  "IPv4 in IPv6 literal": "<victim@[IPv6:::ffff:192.0.2.66]>",
  "number without brackets": "<victim@3221226050>",
  "trailing dot": "<victim@evil.test.>",
  "our domain with a tail": "<victim@us.test.evil.test>",
  "our domain with a trailing dot and a percent": "<victim%evil.test@us.test.>",
  "our domain as a label of theirs": "<victim@us.test@evil.test.us.test>",
  "sub-domain of ours": "<victim@sub.us.test>",
  "wide full stop": "<victim@evil\xef\xbc\x8etest>",
  "wide at sign": "<victim\xef\xbc\xa0evil.test@us.test>",
  NUL: "<anna@us.test\0@evil.test>",
  "NUL in the domain": "<victim@evil.test\0.us.test>",
  comment: "<victim(@us.test)@evil.test>",
  "comment behind": "<victim@evil.test(@us.test)>",
  "nested brackets": "<<victim@evil.test>>",
  "two paths": "<anna@us.test><victim@evil.test>",
  "two paths, comma": "<anna@us.test>,<victim@evil.test>",
  "bare CR": "<anna@us.test>\rRCPT TO:<victim@evil.test>",
  colon: "<victim:evil.test@us.test>",
  "pipe and command": '<"|/bin/sh"@us.test>',
  "file name": "</tmp/x@us.test>",
  "underscored host": "<victim@evil_host.test>",
  localhost: "<victim@localhost>",
  "folded by a space": "<victim @evil.test>",
  "ORCPT of ours": "<victim@evil.test> ORCPT=rfc822;anna@us.test",
};

test("security row 20: every relay trick that is known is refused over a real socket without a login", async (t) => {
  assert.ok(Object.keys(FORMS).length >= 25);
  const folder = await makePosthornFolder(t, { config: 'hostname = "mx.us.test"' });
  await folder.must("domain", "add", "us.test");
  await folder.addAccount("anna@us.test", "secret of anna");
  const server = await folder.start();
  const tryForm = async ([name, form]: [string, string]): Promise<void> => {
    const client = smtpDialogue({ port: server.ports.smtp, host: "127.0.0.1" });
    await client.reply();
    await client.say("EHLO client.test");
    for (const sender of ["<anna@us.test>", "<>", "<spammer@evil.test>"]) {
      assert.match(await client.say(`MAIL FROM:${sender}`), /^250/);
      const answer = await client.say(`RCPT TO:${form}`);
      assert.match(answer, /^5\d\d 5\.[0-9]\.[0-9] /, `${name}: ${answer}`);
      assert.match(await client.say("RSET"), /^250/);
    }
    client.close();
  };
  // Errors slow a client down: a new one for each form, several at a time.
  const forms = Object.entries(FORMS);
  for (let at = 0; at < forms.length; at += 12) {
    await Promise.all(forms.slice(at, at + 12).map(tryForm));
  }
  const queue = await folder.must("queue", "list", "--json");
  assert.deepEqual(JSON.parse(queue.stdout), []);
  await server.stop();
  assert.doesNotMatch(server.output(), /"event":"mta\.(?:accepted|received)"/);
});
