import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from "../base/bytes.ts";
import { MailError } from "../base/errors.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { TestClock } from "../base/testing/test-clock.ts";
import { nodeCrypto as crypto } from "../net/node-crypto.ts";
import { chooseMechanism, clientMechanism } from "./client-mechanism.ts";
import { cramMd5Client, cramMd5Server } from "./cram-md5.ts";
import { makeLoginGuard } from "./login-guard.ts";
import type { ServerStep } from "./mechanism.ts";
import { parseOauthBearer } from "./oauth.ts";
import type { SaslServerDeps } from "./server-deps.ts";
import { advertisedMechanisms, serverMechanism } from "./server-mechanism.ts";
import { MemoryCredentials } from "./testing/memory-credentials.ts";

const credentials = new MemoryCredentials(crypto, [
  { address: "tim@example.org", password: "tanstaaftanstaaf" },
  { address: "x@example.org", password: "y" },
  { address: "off@example.org", password: "off", isEnabled: false },
]);
const deps = (more: Partial<SaslServerDeps> = {}): SaslServerDeps => ({
  crypto,
  random: new SeededRandom(1),
  credentials,
  ...more,
});
const clientDeps = { crypto, random: new SeededRandom(2) };

/** The last step of a server given these responses in order. */
async function play(
  name: string,
  responses: readonly (string | undefined)[],
  more: Partial<SaslServerDeps> = {},
): Promise<ServerStep> {
  const server = serverMechanism(name, deps(more));
  assert.ok(server, name);
  let step: ServerStep | undefined;
  for (const response of responses) {
    step = await server.step(response === undefined ? undefined : encodeUtf8(response));
  }
  return step!;
}

function challenge(step: ServerStep): string {
  assert.equal(step.type, "challenge", JSON.stringify(step));
  return step.type === "challenge" ? decodeUtf8(step.octets) : "";
}

function failure(step: ServerStep): string | false {
  return step.type === "failure" && step.reason;
}

const succeeded = (identity: string): ServerStep => ({
  type: "success",
  identity,
  finalOctets: undefined,
});

test("PLAIN (RFC 4616): with and without initial response", async () => {
  const message = "\u0000tim@example.org\u0000tanstaaftanstaaf";
  assert.deepEqual(await play("PLAIN", [message]), succeeded("tim@example.org"));
  assert.equal(challenge(await play("PLAIN", [undefined])), "");
  assert.deepEqual(await play("PLAIN", [undefined, message]), succeeded("tim@example.org"));
});

test("PLAIN: a password of one character is a password", async () => {
  assert.deepEqual(await play("plain", ["\u0000x@example.org\u0000y"]), succeeded("x@example.org"));
});

test("PLAIN: acting for oneself by any spelling, never for another", async () => {
  const acting = (as: string): Promise<ServerStep> =>
    play("PLAIN", [`${as}\u0000tim@example.org\u0000tanstaaftanstaaf`]);
  assert.equal((await acting("TIM@EXAMPLE.ORG")).type, "success");
  assert.equal(failure(await acting("x@example.org")), "refused");
  assert.equal(failure(await acting("nobody@example.org")), "refused");
});

test("security row 38: PLAIN answers the same for an unknown name and a wrong password", async () => {
  const wrong = await play("PLAIN", ["\u0000tim@example.org\u0000nope"]);
  const unknown = await play("PLAIN", ["\u0000nobody@example.org\u0000nope"]);
  const impossible = await play("PLAIN", ["\u0000a\u0007b\u0000nope"]);
  assert.deepEqual(wrong, unknown);
  assert.deepEqual(wrong, impossible);
  // Each made one check of a password, so each takes its time.
  assert.equal(credentials.asked.slice(-3).length, 3);
  assert.deepEqual(credentials.asked.slice(-3), [
    "tim@example.org",
    "nobody@example.org",
    "\u0000",
  ]);
});

test("PLAIN: a disabled account says so only to its owner", async () => {
  const right = await play("PLAIN", ["\u0000off@example.org\u0000off"]);
  assert.equal(right.type === "failure" && right.text, "this account is disabled");
  const wrong = await play("PLAIN", ["\u0000off@example.org\u0000guess"]);
  assert.equal(wrong.type === "failure" && wrong.text, "wrong name or password");
});

for (const bad of [
  "",
  "tim",
  "\u0000tim",
  "\u0000\u0000",
  "\u0000tim\u0000",
  "\u0000\u0000pw",
  "a\u0000b\u0000c\u0000d",
]) {
  test(`security row 36: PLAIN refuses ${JSON.stringify(bad)} as malformed`, async () => {
    assert.equal(failure(await play("PLAIN", [bad])), "malformed");
  });
}

test("security row 69: names that are not UTF-8 are malformed", async () => {
  const server = serverMechanism("PLAIN", deps())!;
  assert.equal(failure(await server.step(Uint8Array.of(0, 0xc3, 0x28, 0, 0x61))), "malformed");
});

test("LOGIN: prompts, and the name as initial response", async () => {
  assert.equal(challenge(await play("LOGIN", [undefined])), "Username:");
  assert.equal(challenge(await play("LOGIN", [undefined, "x@example.org"])), "Password:");
  assert.equal(challenge(await play("LOGIN", ["x@example.org"])), "Password:");
  const end = await play("LOGIN", ["x@example.org", "y"]);
  assert.deepEqual(end, succeeded("x@example.org"));
  assert.deepEqual(await play("LOGIN", ["", "x@example.org", "y"]), succeeded("x@example.org"));
  assert.equal(failure(await play("LOGIN", [undefined, "x@example.org", "n"])), "refused");
  assert.equal(failure(await play("LOGIN", [undefined, "", ""])), "malformed");
});

test("EXTERNAL (RFC 4422 appendix A): the certificate's name, and only its own account", async () => {
  const tls = { externalIdentity: "tim@example.org" };
  assert.deepEqual(await play("EXTERNAL", [""], tls), succeeded("tim@example.org"));
  assert.deepEqual(await play("EXTERNAL", [undefined, ""], tls), succeeded("tim@example.org"));
  assert.equal((await play("EXTERNAL", ["tim@example.org"], tls)).type, "success");
  assert.equal(failure(await play("EXTERNAL", ["x@example.org"], tls)), "refused");
  assert.equal(failure(await play("EXTERNAL", ["a\u0000b"], tls)), "malformed");
  const gone = { externalIdentity: "gone@example.org" };
  assert.equal(failure(await play("EXTERNAL", [""], gone)), "refused");
  const off = { externalIdentity: "off@example.org" };
  assert.equal(failure(await play("EXTERNAL", [""], off)), "refused");
});

test("security row 40: no name in the certificate, no EXTERNAL", () => {
  assert.equal(serverMechanism("EXTERNAL", deps()), undefined);
  assert.equal(serverMechanism("EXTERNAL", deps({ externalIdentity: "" })), undefined);
});

test("OAUTHBEARER (RFC 7628 §4.1): the example's message", () => {
  const example =
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
  assert.deepEqual(parseOauthBearer(decodeBase64(example)!), {
    name: "user@example.com",
    token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
  });
  const made = clientMechanism(
    "OAUTHBEARER",
    { name: "user@example.com", token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==" },
    { ...clientDeps, host: "server.example.com", port: 143 },
  )!;
  assert.equal(encodeBase64(made.initial()!), example);
});

const verifyToken: SaslServerDeps["verifyToken"] = async (token) =>
  token === "good"
    ? { verdict: "accepted", name: "tim@example.org" }
    : { verdict: "refused", status: "invalid_token", scope: "mail" };

for (const name of ["OAUTHBEARER", "XOAUTH2"] as const) {
  const message = (user: string, token: string): string =>
    decodeUtf8(clientMechanism(name, { name: user, token }, clientDeps)!.initial()!);

  test(`${name}: a good token logs in its own account`, async () => {
    const good = message("tim@example.org", "good");
    assert.deepEqual(await play(name, [good], { verifyToken }), succeeded("tim@example.org"));
    const end = await play(name, [undefined, good], { verifyToken });
    assert.deepEqual(end, succeeded("tim@example.org"));
  });

  test(`${name}: a refused token is explained, and fails whatever the client answers`, async () => {
    const bad = message("tim@example.org", "bad");
    const why = challenge(await play(name, [bad], { verifyToken }));
    assert.deepEqual(JSON.parse(why), { status: "invalid_token", scope: "mail" });
    for (const answer of ["\u0001", "", message("tim@example.org", "good")]) {
      assert.equal(failure(await play(name, [bad, answer], { verifyToken })), "refused");
    }
  });

  test(`${name}: security row 40: somebody else's token does not open this account`, async () => {
    const step = await play(name, [message("x@example.org", "good"), "\u0001"], { verifyToken });
    assert.equal(failure(step), "refused");
  });

  test(`${name}: a verifier that fails is unavailable, not a wrong password`, async () => {
    const down: SaslServerDeps["verifyToken"] = () =>
      Promise.reject(new MailError("connect-failed", "introspection is down"));
    const step = await play(name, [message("tim@example.org", "good")], { verifyToken: down });
    assert.equal(failure(step), "unavailable");
  });

  test(`${name}: malformed messages`, async () => {
    for (const bad of [
      "",
      "\u0001\u0001",
      "n,,\u0001auth=Basic x\u0001\u0001",
      "user=a\u0001\u0001",
    ]) {
      assert.equal(failure(await play(name, [bad], { verifyToken })), "malformed", bad);
    }
    const twice = message("tim@example.org", "good").replace(
      "\u0001\u0001",
      "\u0001auth=Bearer bad\u0001\u0001",
    );
    assert.equal(failure(await play(name, [twice], { verifyToken })), "malformed");
  });
}

test("CRAM-MD5 (RFC 2195 §2): the example's digest", async () => {
  const given = "<1896.697170952@postoffice.reston.mci.net>";
  const client = cramMd5Client("tim", "tanstaaftanstaaf", crypto);
  const answer = await client.step(encodeUtf8(given));
  assert.equal(decodeUtf8(answer), "tim b913a602c7eda7a495b4e6e7334d3890");
  const memory = new MemoryCredentials(crypto, [{ address: "tim", password: "tanstaaftanstaaf" }]);
  const secret = async (): Promise<Uint8Array> => encodeUtf8("tanstaaftanstaaf");
  const server = cramMd5Server(deps({ credentials: memory }), secret, given);
  assert.equal(challenge(await server.step(undefined)), given);
  assert.deepEqual(await server.step(answer), succeeded("tim"));
});

test("CRAM-MD5 is off without a look-up; unknown names and wrong digests are refused alike", async () => {
  assert.equal(serverMechanism("CRAM-MD5", deps()), undefined);
  const cramSecret = async (name: string): Promise<Uint8Array | undefined> =>
    name === "tim@example.org" ? encodeUtf8("s") : undefined;
  const end = async (answer: string): Promise<ServerStep> =>
    play("CRAM-MD5", [undefined, answer], { cramSecret });
  const zeros = "0".repeat(32);
  assert.deepEqual(await end(`tim@example.org ${zeros}`), await end(`nobody ${zeros}`));
  assert.equal(failure(await end("tim@example.org")), "malformed");
  assert.equal(failure(await end("")), "malformed");
  assert.match(
    challenge(await play("CRAM-MD5", [undefined], { cramSecret, hostName: "mx.test" })),
    /^<[0-9a-f]{32}@mx\.test>$/,
  );
});

test("a store that fails is unavailable, and an ended exchange stays ended", async () => {
  const down = {
    ...deps(),
    credentials: {
      verifyPassword: () => Promise.reject(new MailError("store-busy", "locked")),
      scramVerifier: () => Promise.reject(new MailError("store-busy", "locked")),
      accountByName: () => undefined,
    },
  };
  const server = serverMechanism("PLAIN", down)!;
  assert.equal(failure(await server.step(encodeUtf8("\u0000a\u0000b"))), "unavailable");
  assert.equal(failure(await server.step(encodeUtf8("\u0000a\u0000b"))), "malformed");
  const scram = serverMechanism("SCRAM-SHA-256", down)!;
  assert.equal(failure(await scram.step(encodeUtf8("n,,n=a,r=b"))), "unavailable");
});

test("security row 36: a response of endless length is refused", async () => {
  const server = serverMechanism("PLAIN", deps())!;
  assert.equal(failure(await server.step(new Uint8Array(70_000))), "malformed");
});

test("security row 15: nothing is advertised in the clear unless configured", () => {
  assert.deepEqual(advertisedMechanisms(deps(), { tls: false }), []);
  assert.deepEqual(advertisedMechanisms(deps(), { tls: false, allowInClear: true }), [
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "PLAIN",
    "LOGIN",
  ]);
  const all = deps({
    channelBinding: new Uint8Array(32),
    externalIdentity: "tim@example.org",
    verifyToken,
    cramSecret: async () => undefined,
  });
  assert.deepEqual(advertisedMechanisms(all, { tls: true }), [
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "EXTERNAL",
    "OAUTHBEARER",
    "XOAUTH2",
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
  ]);
  const few = { ...all, mechanisms: ["plain"] };
  assert.deepEqual(advertisedMechanisms(few, { tls: true }), ["PLAIN"]);
  assert.equal(serverMechanism("LOGIN", few), undefined);
  for (const name of ["", "__proto__", "constructor", "GSSAPI"]) {
    assert.equal(serverMechanism(name, all), undefined);
    assert.equal(clientMechanism(name, { name: "a", password: "b" }, clientDeps), undefined);
  }
});

test("chooseMechanism: the strongest that credentials and channel allow", () => {
  const offered = ["LOGIN", "PLAIN", "SCRAM-SHA-1", "scram-sha-256", "SCRAM-SHA-256-PLUS"];
  const password = { name: "a", password: "b" };
  const choose = (list: string[], channel: Parameters<typeof chooseMechanism>[2]): unknown =>
    chooseMechanism(list, password, channel);
  assert.equal(choose(offered, { tls: true, channelBinding: true }), "SCRAM-SHA-256-PLUS");
  assert.equal(choose(offered, { tls: true }), "SCRAM-SHA-256");
  assert.equal(choose(["PLAIN", "LOGIN"], { tls: true }), "PLAIN");
  assert.equal(choose(["LOGIN"], { tls: true }), "LOGIN");
  assert.equal(choose(["PLAIN", "LOGIN"], { tls: false }), undefined);
  assert.equal(choose(["PLAIN"], { tls: false, allowInClear: true }), "PLAIN");
  assert.equal(choose(["CRAM-MD5", "PLAIN"], { tls: true }), "PLAIN");
  assert.equal(choose(["CRAM-MD5", "PLAIN"], { tls: false }), "CRAM-MD5");
  const token = { name: "a", token: "t" };
  assert.equal(chooseMechanism(["XOAUTH2", "PLAIN"], token, { tls: true }), "XOAUTH2");
  assert.equal(chooseMechanism(["XOAUTH2"], token, { tls: false }), undefined);
  const certificate = { name: "a", hasCertificate: true };
  assert.equal(chooseMechanism(["EXTERNAL", "PLAIN"], certificate, { tls: true }), "EXTERNAL");
});

test("security row 37: the guard stops guessing over every mechanism, and says when to come back", async () => {
  const clock = new TestClock();
  const guard = makeLoginGuard(clock, { maxDelayMs: 0 });
  const guarded = { guard, peerAddress: "192.0.2.7" };
  const wrong = "\u0000tim@example.org\u0000guess";
  for (let tries = 0; tries < 10; tries++) {
    assert.equal(failure(await play("PLAIN", [wrong], guarded)), "refused");
  }
  const asked = credentials.asked.length;
  for (const right of ["PLAIN", "LOGIN"]) {
    const step =
      right === "PLAIN"
        ? await play("PLAIN", ["\u0000TIM@example.org\u0000tanstaaftanstaaf"], guarded)
        : await play("LOGIN", ["tim@example.org", "tanstaaftanstaaf"], guarded);
    assert.equal(failure(step), "unavailable");
    assert.equal(
      step.type === "failure" && step.text,
      "too many failed logins, try again in 60 seconds",
    );
  }
  assert.equal(credentials.asked.length, asked, "no password was looked at");
  await clock.advance(61_000);
  const again = await play("PLAIN", ["\u0000tim@example.org\u0000tanstaaftanstaaf"], guarded);
  assert.equal(again.type, "success");
});
