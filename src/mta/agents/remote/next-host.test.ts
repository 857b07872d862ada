import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { ScriptedServer } from "../../../smtp/testing/scripted-server.ts";
import { SmtpTalk } from "../../testing/smtp-talk.ts";
import { World, type TestHost } from "../../testing/world.ts";

let world: World;
let here: TestHost;
let mails = 0;
before(async () => {
  world = new World();
  here = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna"],
    settings: { relayNetworks: ["192.0.2.1"] },
  });
  here.mta.runner.start();
});
after(() => world.close());

const USUAL: Readonly<Record<string, string>> = {
  EHLO: "250 first.far.test",
  MAIL: "250 2.1.0 Ok",
  RCPT: "250 2.1.5 Ok",
  DATA: "354 Go on",
  ".": "250 2.0.0 Taken",
  RSET: "250 2.0.0 Ok",
  QUIT: "221 2.0.0 Bye",
};

/** What happens to one mail whose first exchanger answers `reply` to `verb`. */
async function send(verb: string, reply: string): Promise<{ outcome: string; hosts: number }> {
  const domain = `far${++mails}.test`;
  const before = world.connections.length;
  world.zone[domain] = {
    mx: [
      { preference: 5, exchange: `first.${domain}` },
      { preference: 10, exchange: `second.${domain}` },
    ],
  };
  const replies = new Map(Object.entries({ ...USUAL, [verb]: reply }));
  const listen = (host: string, answers: ReadonlyMap<string, string>, banner: string): void => {
    const address = `198.51.${host === "first" ? 100 : 101}.${mails}`;
    world.zone[`${host}.${domain}`] = { a: [address] };
    world.listen(`${address}:25`, (channel) => {
      const answer = (line: string): string => answers.get(line.split(" ", 1)[0]) ?? "500 What?";
      void new ScriptedServer(channel).play(banner, answer);
    });
  };
  listen("first", replies, verb === "banner" ? reply : "220 first.far.test");
  listen("second", new Map(Object.entries(USUAL)), "220 second.far.test");
  const talk = await SmtpTalk.begin(here.listener("smtp"));
  await talk.say("EHLO client.test");
  await talk.send("<anna@us.test>", [`<bob@${domain}>`], "Subject: x\r\n\r\nText.\r\n");
  await world.settle();
  const outcome = here.outcomes().findLast((each) => each.includes(domain)) ?? "none";
  return { outcome: outcome.replace(domain, "far.test"), hosts: world.connections.length - before };
}

test("mta 27: 421 at any point: the next exchanger is tried at once", async () => {
  for (const verb of ["banner", "EHLO", "MAIL", "RCPT", "DATA", "."]) {
    assert.deepEqual(
      await send(verb, "421 4.3.2 Going down"),
      { outcome: "delivered bob@far.test 2.0.0", hosts: 2 },
      verb,
    );
  }
});

test("mta 27: 4xx at any point: the next exchanger; 5xx in a transaction: reported", async () => {
  const taken = { outcome: "delivered bob@far.test 2.0.0", hosts: 2 };
  for (const verb of ["banner", "EHLO", "MAIL", "RCPT", "DATA", "."]) {
    assert.deepEqual(await send(verb, "451 4.3.0 Not now"), taken, verb);
  }
  for (const verb of ["MAIL", "RCPT", "DATA", "."]) {
    const refused = { outcome: "failed bob@far.test 5.7.1", hosts: 1 };
    assert.deepEqual(await send(verb, "554 5.7.1 Never"), refused, verb);
  }
});

test("mta 27: a 5xx or 521 greeting: the next exchanger", async () => {
  const taken = { outcome: "delivered bob@far.test 2.0.0", hosts: 2 };
  assert.deepEqual(await send("banner", "554 5.3.2 No mail here"), taken);
  assert.deepEqual(await send("banner", "521 No mail here"), taken);
});
