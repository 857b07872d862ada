import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBase64, decodeLatin1, decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { isMailError } from "../base/errors.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { nodeCrypto as crypto } from "../net/node-crypto.ts";
import type { ClientMechanism, ServerMechanism, ServerStep } from "./mechanism.ts";
import { clientMechanism } from "./client-mechanism.ts";
import { scramClient } from "./scram-client.ts";
import { makeScramVerifier } from "./scram-keys.ts";
import { scramServer } from "./scram-server.ts";
import type { SaslCredentials, SaslServerDeps } from "./server-deps.ts";
import { serverMechanism } from "./server-mechanism.ts";
import { MemoryCredentials } from "./testing/memory-credentials.ts";

const none = { flag: "n", data: new Uint8Array(0) };

const VECTORS = [
  {
    title: "RFC 5802 §5: SCRAM-SHA-1, user, pencil",
    name: "SCRAM-SHA-1",
    hash: "sha1",
    clientNonce: "fyko+d2lbbFgONRv9qkxdawL",
    serverNonce: "3rfcNHYJY1ZVvWVs7j",
    salt: "QSXCR+Q6sek8bf92",
    proof: "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    signature: "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    title: "RFC 7677 §3: SCRAM-SHA-256, user, pencil",
    name: "SCRAM-SHA-256",
    hash: "sha256",
    clientNonce: "rOprNGfwEbeRWgbNEkqO",
    serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
    proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
] as const;

for (const vector of VECTORS) {
  test(vector.title, async () => {
    const salt = decodeBase64(vector.salt)!;
    const verifier = (await makeScramVerifier(crypto, vector.hash, "pencil", salt, 4096))!;
    const credentials: SaslCredentials = {
      verifyPassword: async () => ({ verdict: "refused" }),
      scramVerifier: async (name) => (assert.equal(name, "user"), verifier),
      accountByName: (name) => ({ address: name, isEnabled: true }),
    };
    const deps: SaslServerDeps = { crypto, random: new SeededRandom(), credentials };
    const kind = { hash: vector.hash, isPlus: false };
    const server = scramServer(vector.name, kind, deps, vector.serverNonce);
    const client = scramClient(
      vector.name,
      {
        hash: vector.hash,
        name: "user",
        password: "pencil",
        authorizeAs: "",
        nonce: vector.clientNonce,
        binding: none,
      },
      crypto,
    );

    const clientFirst = client.initial()!;
    assert.equal(decodeUtf8(clientFirst), `n,,n=user,r=${vector.clientNonce}`);
    const serverFirst = await challengeOf(server, clientFirst);
    const nonce = vector.clientNonce + vector.serverNonce;
    assert.equal(decodeUtf8(serverFirst), `r=${nonce},s=${vector.salt},i=4096`);
    const clientFinal = await client.step(serverFirst);
    assert.equal(decodeUtf8(clientFinal), `c=biws,r=${nonce},p=${vector.proof}`);
    const serverFinal = await challengeOf(server, clientFinal);
    assert.equal(decodeUtf8(serverFinal), `v=${vector.signature}`);
    assert.deepEqual(await client.step(serverFinal), new Uint8Array(0));
    assert.ok(client.verify(undefined));
    assert.deepEqual(await server.step(new Uint8Array(0)), { type: "success", identity: "user" });
  });
}

const credentials = new MemoryCredentials(crypto, [
  { address: "ada@example.org", password: "correct horse" },
  { address: "a=b,c@example.org", password: "x" },
  { address: "off@example.org", password: "off", isEnabled: false },
]);
const binding = Uint8Array.from({ length: 32 }, (_, index) => index);
const serverDeps = (more: Partial<SaslServerDeps> = {}): SaslServerDeps => ({
  crypto,
  random: new SeededRandom(7),
  credentials,
  ...more,
});
const clientDeps = { crypto, random: new SeededRandom(8) };

/** Runs both sides to the end. */
async function converse(client: ClientMechanism, server: ServerMechanism): Promise<ServerStep> {
  let step = await server.step(client.initial());
  for (let round = 0; step.type === "challenge" && round < 5; round++) {
    step = await server.step(await client.step(step.octets));
  }
  return step;
}

async function challengeOf(server: ServerMechanism, response?: Uint8Array): Promise<Uint8Array> {
  const step = await server.step(response);
  assert.equal(step.type, "challenge", JSON.stringify(step));
  return step.type === "challenge" ? step.octets : new Uint8Array(0);
}

for (const name of ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"]) {
  const tls = name.endsWith("PLUS") ? { channelBinding: binding } : {};
  const client = (user: string, password: string, more: object = {}): ClientMechanism =>
    clientMechanism(name, { name: user, password, ...more }, { ...clientDeps, ...tls })!;

  test(`${name}: right password succeeds and the server proves itself`, async () => {
    const ada = client("ada@example.org", "correct horse");
    const end = await converse(ada, serverMechanism(name, serverDeps(tls))!);
    assert.deepEqual(end, { type: "success", identity: "ada@example.org" });
    assert.ok(ada.verify(undefined));
  });

  test(`${name}: names with = and , are escaped`, async () => {
    const end = await converse(
      client("a=b,c@example.org", "x"),
      serverMechanism(name, serverDeps(tls))!,
    );
    assert.equal(end.type === "success" && end.identity, "a=b,c@example.org");
  });

  test(`${name}: security row 38: wrong password, unknown and unreadable name fail alike`, async () => {
    const outcomes = await Promise.all(
      [
        ["ada@example.org", "wrong"],
        ["nobody@example.org", "correct horse"],
      ].map(([user, password]) =>
        converse(client(user, password), serverMechanism(name, serverDeps(tls))!),
      ),
    );
    assert.deepEqual(outcomes[0], outcomes[1]);
    assert.equal(outcomes[0].type === "failure" && outcomes[0].reason, "refused");
  });

  test(`${name}: a disabled account is refused after the right password only`, async () => {
    const right = await converse(
      client("off@example.org", "off"),
      serverMechanism(name, serverDeps(tls))!,
    );
    assert.equal(right.type === "failure" && right.text, "this account is disabled");
    const wrong = await converse(
      client("off@example.org", "on"),
      serverMechanism(name, serverDeps(tls))!,
    );
    assert.equal(wrong.type === "failure" && wrong.text, "wrong name or password");
  });

  test(`${name}: acting for oneself is allowed, for another not`, async () => {
    const credentialsOf = (authorizeAs: string): ClientMechanism =>
      client("ada@example.org", "correct horse", { authorizeAs });
    const self = await converse(
      credentialsOf("ADA@example.org"),
      serverMechanism(name, serverDeps(tls))!,
    );
    assert.equal(self.type, "success");
    const other = await converse(
      credentialsOf("a=b,c@example.org"),
      serverMechanism(name, serverDeps(tls))!,
    );
    assert.equal(other.type, "failure");
  });
}

test("security row 38: an unknown name gets a stable salt", async () => {
  const firsts = [1, 2].map(async () => {
    const server = serverMechanism("SCRAM-SHA-256", serverDeps())!;
    return decodeUtf8(await challengeOf(server, encodeUtf8("n,,n=ghost,r=abc")));
  });
  const [one, two] = await Promise.all(firsts);
  assert.equal(one.slice(one.indexOf(",s=")), two.slice(two.indexOf(",s=")));
});

test("success data: the server's final goes along with success where the protocol has room", async () => {
  const server = serverMechanism("SCRAM-SHA-256", serverDeps({ successData: true }))!;
  const client = clientMechanism(
    "SCRAM-SHA-256",
    { name: "ada@example.org", password: "correct horse" },
    clientDeps,
  )!;
  const final = await client.step(await challengeOf(server, client.initial()));
  const end = await server.step(final);
  assert.ok(end.type === "success" && end.finalOctets !== undefined);
  assert.ok(!client.verify(undefined), "no proof, no belief");
  assert.ok(!client.verify(encodeUtf8("v=AAAA")));
  assert.ok(client.verify(end.type === "success" ? end.finalOctets : undefined));
});

test("security row 15: GS2 flag y is refused when -PLUS was offered (downgrade)", async () => {
  const server = serverMechanism("SCRAM-SHA-256", serverDeps({ channelBinding: binding }))!;
  const step = await server.step(encodeUtf8("y,,n=ada@example.org,r=abc"));
  assert.equal(step.type === "failure" && step.reason, "refused");
  const innocent = serverMechanism("SCRAM-SHA-256", serverDeps())!;
  assert.equal((await innocent.step(encodeUtf8("y,,n=ada,r=abc"))).type, "challenge");
  const withoutPlus = serverDeps({ channelBinding: binding, mechanisms: ["SCRAM-SHA-256"] });
  const restricted = serverMechanism("SCRAM-SHA-256", withoutPlus)!;
  assert.equal((await restricted.step(encodeUtf8("y,,n=ada,r=abc"))).type, "challenge");
});

test("security row 15: our client says y when the list has no -PLUS, n when it has", () => {
  const first = (advertised: string[] | undefined): string => {
    const deps = { ...clientDeps, channelBinding: binding, advertised };
    const ada = { name: "ada", password: "x" };
    return decodeUtf8(clientMechanism("SCRAM-SHA-256", ada, deps)!.initial()!).slice(0, 2);
  };
  assert.equal(first(["SCRAM-SHA-256", "PLAIN"]), "y,");
  assert.equal(first(["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]), "n,");
  assert.equal(first(undefined), "n,");
});

test("a man in the middle: another channel's binding is refused", async () => {
  const other = Uint8Array.from(binding, (octet) => octet ^ 1);
  const client = clientMechanism(
    "SCRAM-SHA-256-PLUS",
    { name: "ada@example.org", password: "correct horse" },
    { ...clientDeps, channelBinding: other },
  )!;
  const server = serverMechanism("SCRAM-SHA-256-PLUS", serverDeps({ channelBinding: binding }))!;
  const end = await converse(client, server);
  assert.deepEqual(end, {
    type: "failure",
    reason: "refused",
    text: "channel bindings do not match",
  });
});

const BAD_FIRSTS: readonly [string, string][] = [
  ["empty", ""],
  ["no header", "n=ada,r=abc"],
  ["flag unknown", "x,,n=ada,r=abc"],
  ["mandatory extension", "n,,m=1,n=ada,r=abc"],
  ["no nonce", "n,,n=ada"],
  ["empty nonce", "n,,n=ada,r="],
  ["comma in nonce", "n,,n=ada,r=a,b"],
  ["space in nonce", "n,,n=ada,r=a b"],
  ["bad escape", "n,,n=a=41,r=abc"],
  ["bad escape in authzid", "n,a==,n=ada,r=abc"],
  ["empty authzid", "n,a=,n=ada,r=abc"],
  ["binding without -PLUS", "p=tls-exporter,,n=ada,r=abc"],
  ["NUL in name", "n,,n=a\u0000,r=abc"],
];
for (const [what, text] of BAD_FIRSTS) {
  test(`client-first that is not one: ${what}`, async () => {
    const step = await serverMechanism("SCRAM-SHA-256", serverDeps())!.step(encodeUtf8(text));
    assert.equal(step.type === "failure" && step.reason, "malformed");
  });
}

test("-PLUS without binding, or bound by other means, is not accepted", async () => {
  const plus = (text: string): Promise<ServerStep> =>
    serverMechanism("SCRAM-SHA-256-PLUS", serverDeps({ channelBinding: binding }))!.step(
      encodeUtf8(text),
    );
  assert.equal((await plus("n,,n=ada,r=abc")).type, "failure");
  assert.equal((await plus("y,,n=ada,r=abc")).type, "failure");
  assert.equal((await plus("p=tls-unique,,n=ada,r=abc")).type, "failure");
  assert.equal((await plus("p=tls-exporter,,n=ada,r=abc")).type, "challenge");
  assert.equal(serverMechanism("SCRAM-SHA-256-PLUS", serverDeps()), undefined);
});

test("client-final: a foreign nonce, a changed header, a short proof fail", async () => {
  const ends = async (change: (final: string) => string): Promise<ServerStep> => {
    const server = serverMechanism("SCRAM-SHA-256", serverDeps())!;
    const client = clientMechanism(
      "SCRAM-SHA-256",
      { name: "ada@example.org", password: "correct horse" },
      clientDeps,
    )!;
    const final = await client.step(await challengeOf(server, client.initial()));
    return server.step(encodeUtf8(change(decodeLatin1(final))));
  };
  assert.equal((await ends((text) => text)).type, "challenge");
  assert.equal((await ends((text) => text.replace("r=", "r=A"))).type, "failure");
  assert.equal((await ends((text) => text.replace("c=biws", "c=eSws"))).type, "failure");
  assert.equal((await ends((text) => text.replace(/p=.*/, "p=AAAA"))).type, "failure");
  assert.equal((await ends((text) => text.replace(/,p=.*/, ""))).type, "failure");
  assert.equal((await ends((text) => `${text},x=1`)).type, "failure");
  assert.equal((await ends(() => "")).type, "failure");
});

test("our client distrusts a server that plays foul", async () => {
  const distrusts = async (challenge: string): Promise<void> => {
    const client = clientMechanism("SCRAM-SHA-1", { name: "a", password: "b" }, clientDeps)!;
    const nonce = /r=(.*)$/.exec(decodeUtf8(client.initial()!))![1];
    await assert.rejects(client.step(encodeUtf8(challenge.replace("NONCE", nonce))), (error) =>
      isMailError(error, "refused"),
    );
  };
  await distrusts("r=NONCE,s=QSXCR+Q6sek8bf92,i=4096");
  await distrusts("r=otherNONCE,s=QSXCR+Q6sek8bf92,i=4096");
  await distrusts("r=NONCEx,s=QSXCR+Q6sek8bf92,i=1");
  await distrusts("r=NONCEx,s=QSXCR+Q6sek8bf92,i=4095");
  await distrusts("r=NONCEx,s=QSXCR+Q6sek8bf92,i=9999999999");
  await distrusts("r=NONCEx,s=,i=4096");
  await distrusts("r=NONCEx,s=!!,i=4096");
  await distrusts("m=1,r=NONCEx,s=QSXCR+Q6sek8bf92,i=4096");
  await distrusts("gibberish");

  const client = clientMechanism("SCRAM-SHA-1", { name: "a", password: "b" }, clientDeps)!;
  const nonce = /r=(.*)$/.exec(decodeUtf8(client.initial()!))![1];
  await client.step(encodeUtf8(`r=${nonce}x,s=QSXCR+Q6sek8bf92,i=4096`));
  assert.ok(!client.verify(undefined), "success without the server's proof");
  await assert.rejects(client.step(encodeUtf8("v=AAAA")), (e) => isMailError(e, "refused"));
  await assert.rejects(client.step(encodeUtf8("e=other-error")), (e) => isMailError(e, "refused"));
});
