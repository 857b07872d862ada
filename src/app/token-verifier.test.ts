import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import type { TokenVerdict } from "../sasl/server-deps.ts";
import type { OauthSettings } from "./config/settings-shape.ts";
import { systemClock } from "../net/system-clock.ts";
import { tokenVerifier } from "./token-verifier.ts";

type Seen = { readonly authorization: string | undefined; readonly body: string };

/** An introspection endpoint that answers as a test says; what it was asked is kept. */
async function verifierAt(
  t: TestContext,
  answer: (response: ServerResponse) => void,
  settings: Partial<OauthSettings> = {},
): Promise<{ verify: (token: string) => Promise<TokenVerdict>; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      seen.push({ authorization: request.headers.authorization, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const verify = tokenVerifier(
    {
      introspectionUrl: `http://127.0.0.1:${port}/introspect`,
      keySet: undefined,
      issuer: undefined,
      audience: undefined,
      clockLeeway: 60_000,
      clientId: "post:horn",
      clientSecret: "s e",
      scope: undefined,
      nameMember: "username",
      ...settings,
    },
    systemClock,
  );
  assert.ok(verify !== undefined);
  return { verify, seen };
}

const json = (value: unknown) => (response: ServerResponse) =>
  void response.end(JSON.stringify(value));

test("an active token is worth the account it names; we say who asks", async (t) => {
  const { verify, seen } = await verifierAt(t, json({ active: true, username: "anna@us.test" }));
  assert.deepEqual(await verify("a+b/c="), { verdict: "accepted", name: "anna@us.test" });
  assert.equal(seen[0].body, "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
  assert.equal(seen[0].authorization, `Basic ${btoa("post%3Ahorn:s+e")}`);
});

test("what is not active, not named, or not for mail opens nothing", async (t) => {
  const cases: [answer: unknown, status: string][] = [
    [{ active: false, username: "anna@us.test", scope: "mail" }, "invalid_token"],
    [{ active: "true", username: "anna@us.test", scope: "mail" }, "invalid_token"],
    [{ active: true, scope: "mail" }, "invalid_token"],
    [{ active: true, username: ["anna@us.test"], scope: "mail" }, "invalid_token"],
    [{ active: true, username: "anna@us.test", scope: "mailer read" }, "insufficient_scope"],
    [{ active: true, username: "anna@us.test" }, "insufficient_scope"],
  ];
  for (const [answer, status] of cases) {
    const { verify } = await verifierAt(t, json(answer), { scope: "mail" });
    assert.deepEqual(await verify("t"), { verdict: "refused", status, scope: "mail" });
  }
  const { verify } = await verifierAt(
    t,
    json({ active: true, email: "a@us.test", scope: "x mail" }),
    {
      scope: "mail",
      nameMember: "email",
    },
  );
  assert.deepEqual(await verify("t"), { verdict: "accepted", name: "a@us.test" });
});

test("a member called __proto__ or constructor names nobody", async (t) => {
  const answer = (response: ServerResponse): void =>
    void response.end('{"active":true,"__proto__":{"username":"anna@us.test"}}');
  const { verify } = await verifierAt(t, answer);
  assert.equal((await verify("t")).verdict, "refused");
  const inherited = await verifierAt(t, json({ active: true }), { nameMember: "constructor" });
  assert.equal((await inherited.verify("t")).verdict, "refused");
});

test("a server that can't answer refuses nobody for good: errors, redirects, floods, garbage", async (t) => {
  const answers: ((response: ServerResponse) => void)[] = [
    (response) => void response.writeHead(500).end(),
    (response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    (response) => void response.end(" ".repeat(70_000)),
    (response) => void response.end("<html>"),
    (response) => void response.end("null"),
    (response) => void response.destroy(),
  ];
  for (const answer of answers) {
    const { verify, seen } = await verifierAt(t, answer);
    await assert.rejects(verify("t"), { code: "connect-failed", temporary: true });
    assert.equal(seen.length, 1);
  }
});

test("a token of no sensible length is not passed on", async (t) => {
  const { verify, seen } = await verifierAt(t, json({ active: true, username: "anna@us.test" }));
  assert.equal((await verify("x".repeat(20_000))).verdict, "refused");
  assert.equal(seen.length, 0);
});
