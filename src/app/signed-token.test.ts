/** Signed tokens against a key set: what opens an account, and all that must not. */

import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { TestClock } from "../base/testing/test-clock.ts";
import type { TokenVerdict } from "../sasl/server-deps.ts";
import type { OauthSettings } from "./config/settings-shape.ts";
import { tokenVerifier } from "./token-verifier.ts";

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const WEAK_RSA = generateKeyPairSync("rsa", { modulusLength: 1024 });
const EC = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ED = generateKeyPairSync("ed25519");

const jwk = (key: KeyObject, members: object = {}): object => ({
  ...key.export({ format: "jwk" }),
  ...members,
});
const KEYS = [
  jwk(RSA.publicKey, { kid: "rsa", use: "sig" }),
  jwk(EC.publicKey, { kid: "ec", alg: "ES256" }),
  jwk(ED.publicKey, { kid: "ed" }),
];

const part = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function signWith(key: KeyObject, header: object, claims: unknown): string {
  const signed = `${part(header)}.${part(claims)}`;
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  const signature = sign(hash, Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

type Keys = { keys: unknown };
type World = {
  readonly verify: (token: string) => Promise<TokenVerdict>;
  readonly clock: TestClock;
  readonly claims: Record<string, unknown>;
  readonly published: Keys;
  fetches: number;
  isDown: boolean;
};

/** An issuer that publishes `published` at a web address. */
async function issuer(t: TestContext, settings: Partial<OauthSettings> = {}): Promise<World> {
  const clock = new TestClock();
  const published: Keys = { keys: KEYS };
  const server = createServer((_request, response) => {
    world.fetches++;
    if (world.isDown) response.writeHead(503);
    response.end(JSON.stringify(published));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const verify = tokenVerifier(
    { ...SETTINGS, keySet: `http://127.0.0.1:${port}/keys`, ...settings },
    clock,
  );
  assert.ok(verify !== undefined);
  const nowS = clock.nowMs() / 1000;
  const claims = {
    iss: "https://login.test/",
    aud: "posthorn",
    exp: nowS + 600,
    preferred: "anna@us.test",
  };
  const world: World = { verify, clock, claims, published, fetches: 0, isDown: false };
  return world;
}

const SETTINGS: OauthSettings = {
  introspectionUrl: undefined,
  keySet: undefined,
  issuer: "https://login.test/",
  audience: "posthorn",
  clockLeeway: 60_000,
  clientId: undefined,
  clientSecret: undefined,
  scope: undefined,
  nameMember: "preferred",
};

const GOOD = { verdict: "accepted", name: "anna@us.test" };

test("signed tokens: RS256, PS256, ES256 and EdDSA open the account that is named", async (t) => {
  const { verify, claims } = await issuer(t);
  assert.deepEqual(
    await verify(signWith(RSA.privateKey, { alg: "RS256", kid: "rsa" }, claims)),
    GOOD,
  );
  assert.deepEqual(
    await verify(signWith(EC.privateKey, { alg: "ES256", kid: "ec" }, claims)),
    GOOD,
  );
  assert.deepEqual(
    await verify(signWith(ED.privateKey, { alg: "EdDSA", kid: "ed" }, claims)),
    GOOD,
  );
  const typed = { alg: "ES256", kid: "ec", typ: "at+JWT" };
  assert.deepEqual(await verify(signWith(EC.privateKey, typed, claims)), GOOD);
  const unnamed = signWith(ED.privateKey, { alg: "EdDSA" }, { ...claims, aud: ["x", "posthorn"] });
  assert.deepEqual(await verify(unnamed), GOOD);
});

test("signed tokens: none, a MAC keyed with the public key, and another key's algorithm prove nothing", async (t) => {
  const { verify, claims, published } = await issuer(t);
  const pem = RSA.publicKey.export({ type: "spki", format: "pem" });
  const secret = jwk(RSA.publicKey) as { n: string };
  for (const alg of ["none", "None", "nOnE", "", "HS256", "HS512", "RS1", "constructor"]) {
    const signed = `${part({ alg, kid: "rsa" })}.${part(claims)}`;
    for (const key of [pem, secret.n, ""]) {
      const mac = createHmac("sha256", key).update(signed).digest("base64url");
      for (const token of [`${signed}.${mac}`, `${signed}.`]) {
        assert.equal((await verify(token)).verdict, "refused", alg);
      }
    }
  }
  published.keys = [...KEYS, { kty: "oct", kid: "oct", k: part("secret") }];
  const signed = `${part({ alg: "HS256", kid: "oct" })}.${part(claims)}`;
  const mac = createHmac("sha256", "secret").update(signed).digest("base64url");
  assert.equal((await verify(`${signed}.${mac}`)).verdict, "refused");
  // A key that says ES256 of itself is for ES256.
  const crossed = signWith(RSA.privateKey, { alg: "RS256", kid: "ec" }, claims);
  assert.equal((await verify(crossed)).verdict, "refused");
  assert.equal(
    (await verify(signWith(EC.privateKey, { alg: "ES384", kid: "ec" }, claims))).verdict,
    "refused",
  );
});

test("signed tokens: time, issuer, audience, scope and name must be right", async (t) => {
  const { verify, claims, clock } = await issuer(t);
  const nowS = clock.nowMs() / 1000;
  const worth = (change: object): Promise<TokenVerdict> =>
    verify(signWith(ED.privateKey, { alg: "EdDSA", kid: "ed" }, { ...claims, ...change }));
  assert.deepEqual(await worth({ exp: nowS - 59 }), GOOD);
  assert.deepEqual(await worth({ nbf: nowS + 59 }), GOOD);
  for (const change of [
    { exp: nowS - 60 },
    { exp: undefined },
    { exp: String(nowS + 600) },
    { exp: Number.NaN },
    { nbf: nowS + 61 },
    { nbf: "0" },
    { iss: "https://login.test" },
    { iss: undefined },
    { aud: "other" },
    { aud: undefined },
    { aud: { posthorn: true } },
    { preferred: "" },
    { preferred: ["anna@us.test"] },
    { preferred: undefined },
  ]) {
    assert.equal((await worth(change)).verdict, "refused", JSON.stringify(change));
  }
});

test("signed tokens: a scope that is asked for, and a mail address that nobody has confirmed", async (t) => {
  const { verify, claims } = await issuer(t, { scope: "mail", nameMember: "email" });
  const worth = (change: object): Promise<TokenVerdict> =>
    verify(
      signWith(
        ED.privateKey,
        { alg: "EdDSA", kid: "ed" },
        { ...claims, email: "a@us.test", ...change },
      ),
    );
  assert.deepEqual(await worth({ scp: ["mail"] }), { verdict: "accepted", name: "a@us.test" });
  assert.equal((await worth({ scope: "read mail", email_verified: true })).verdict, "accepted");
  assert.deepEqual(await worth({ scope: "mailer" }), {
    verdict: "refused",
    status: "insufficient_scope",
    scope: "mail",
  });
  assert.equal((await worth({ scope: "mail", email_verified: false })).verdict, "refused");
});

test("signed tokens: what is changed, cut, or not what we understand is refused", async (t) => {
  const { verify, claims } = await issuer(t);
  const header = { alg: "ES256", kid: "ec" };
  const good = signWith(EC.privateKey, header, claims);
  const [head, body, signature] = good.split(".");
  const other = part({ ...claims, preferred: "boss@us.test" });
  const der = sign("sha256", Buffer.from(`${head}.${body}`), EC.privateKey).toString("base64url");
  for (const token of [
    `${head}.${other}.${signature}`,
    `${head}.${body}.${der}`,
    `${head}.${body}.${Buffer.alloc(64).toString("base64url")}`,
    `${head}.${body}.`,
    `${head}.${body}`,
    `${good}.${signature}`,
    `${head}.${body}.${signature}=`,
    `${head}.${body}. ${signature}`,
    `.${body}.${signature}`,
    "..",
    "",
    part("[]") + `.${body}.${signature}`,
    part("null") + `.${body}.${signature}`,
    signWith(EC.privateKey, { ...header, crit: ["exp"] }, claims),
    signWith(EC.privateKey, { ...header, kid: 7 }, claims),
    signWith(EC.privateKey, { ...header, kid: "../../etc/passwd" }, claims),
    signWith(EC.privateKey, { ...header, typ: "logout+jwt" }, claims),
    signWith(EC.privateKey, { ...header, jku: "http://127.0.0.1:1/" }, "no object"),
    signWith(EC.privateKey, header, [claims]),
    signWith(WEAK_RSA.privateKey, { alg: "RS256" }, claims),
    signWith(EC.privateKey, { ...header, kid: "__proto__" }, claims),
  ]) {
    assert.equal((await verify(token)).verdict, "refused", token);
  }
  const embedded = { ...header, kid: undefined, jwk: jwk(WEAK_RSA.publicKey), alg: "RS256" };
  assert.equal((await verify(signWith(WEAK_RSA.privateKey, embedded, claims))).verdict, "refused");
});

test("security row 40: kid is a name among the keys we have, and a flood of unknown ones asks once in half a minute", async (t) => {
  const world = await issuer(t);
  const { verify, claims, clock, published } = world;
  for (let at = 0; at < 50; at++) {
    const token = signWith(ED.privateKey, { alg: "EdDSA", kid: `unknown ${at}` }, claims);
    assert.equal((await verify(token)).verdict, "refused");
  }
  assert.equal(world.fetches, 1);
  const next = generateKeyPairSync("ed25519");
  const token = signWith(next.privateKey, { alg: "EdDSA", kid: "next" }, claims);
  published.keys = [...KEYS, jwk(next.publicKey, { kid: "next" })];
  assert.equal((await verify(token)).verdict, "refused");
  await clock.advance(31_000);
  const verdicts = await Promise.all([verify(token), verify(token), verify(token)]);
  assert.deepEqual(verdicts, [GOOD, GOOD, GOOD]);
  assert.equal(world.fetches, 2);
});

test("signed tokens: a withdrawn key ends within a quarter of an hour; a server that is down ends nobody's day, but the second", async (t) => {
  const world = await issuer(t, { clockLeeway: 3 * 24 * 3_600_000 });
  const { verify, claims, clock, published } = world;
  const byRsa = signWith(RSA.privateKey, { alg: "RS256", kid: "rsa" }, claims);
  const byEd = signWith(ED.privateKey, { alg: "EdDSA", kid: "ed" }, claims);
  assert.deepEqual(await verify(byRsa), GOOD);
  published.keys = [KEYS[2]];
  await clock.advance(16 * 60_000);
  assert.equal((await verify(byRsa)).verdict, "refused");
  assert.deepEqual(await verify(byEd), GOOD);
  world.isDown = true;
  await clock.advance(12 * 3_600_000);
  assert.deepEqual(await verify(byEd), GOOD);
  await clock.advance(13 * 3_600_000);
  await assert.rejects(verify(byEd), { code: "connect-failed", temporary: true });
  world.isDown = false;
  await clock.advance(31_000);
  assert.deepEqual(await verify(byEd), GOOD);
});

test("signed tokens: no usable key set is a failure of the server, not of the client", async (t) => {
  for (const keys of [undefined, "x", [], [jwk(WEAK_RSA.publicKey)], [null, 1, { kty: "RSA" }]]) {
    const { verify, claims, published } = await issuer(t);
    published.keys = keys;
    const token = signWith(ED.privateKey, { alg: "EdDSA", kid: "ed" }, claims);
    await assert.rejects(verify(token), { code: "connect-failed", temporary: true });
  }
});

test("signed tokens: keys from a file; private members in it change nothing; expired tokens ask for no keys", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const keySet = join(folder, "keys.json");
  writeFileSync(keySet, JSON.stringify({ keys: [jwk(ED.privateKey, { kid: "ed" })] }));
  const { verify, claims, clock } = await issuer(t, { keySet });
  const header = { alg: "EdDSA", kid: "ed" };
  assert.deepEqual(await verify(signWith(ED.privateKey, header, claims)), GOOD);
  const world = await issuer(t);
  const old = signWith(ED.privateKey, header, { ...claims, exp: clock.nowMs() / 1000 - 7200 });
  assert.equal((await world.verify(old)).verdict, "refused");
  assert.equal(world.fetches, 0);
});

test("signed tokens beside introspection: each token in its way", async (t) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      asked.push(body);
      response.end(JSON.stringify({ active: true, preferred: "bob@us.test" }));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const { verify, claims } = await issuer(t, { introspectionUrl: `http://127.0.0.1:${port}/` });
  const signed = signWith(ED.privateKey, { alg: "EdDSA", kid: "ed" }, claims);
  assert.deepEqual(await verify(signed), GOOD);
  assert.equal((await verify(`${signed.slice(0, -4)}AAAA`)).verdict, "refused");
  assert.equal(asked.length, 0);
  assert.deepEqual(await verify("opaque"), { verdict: "accepted", name: "bob@us.test" });
  assert.equal(asked.length, 1);
});
