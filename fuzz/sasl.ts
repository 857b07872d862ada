/**
 * Fuzz of the SASL servers: responses that are random, mutated or out of order, an abort at any
 * step. Each exchange must end in a value, never a throw, within a few steps; nobody may come out
 * logged in without having known the password; a login that runs beside must not notice.
 */

import assert from "node:assert/strict";
import { encodeUtf8 } from "../src/base/bytes.ts";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";
import { nodeCrypto as crypto } from "../src/net/node-crypto.ts";
import type { ServerMechanism, ServerStep } from "../src/sasl/mechanism.ts";
import { makeScramVerifier } from "../src/sasl/scram-keys.ts";
import type { ScramVerifier } from "../src/sasl/scram-verifier.ts";
import type { SaslServerDeps } from "../src/sasl/server-deps.ts";
import { advertisedMechanisms, serverMechanism } from "../src/sasl/server-mechanism.ts";

const SEEDS: readonly string[] = [
  "",
  "*",
  "=",
  "\u0000ada\u0000wrong",
  "bob\u0000ada\u0000wrong",
  "n,,n=ada,r=fyko+d2lbbFgONRv9qkxdawL",
  "y,,n=ada,r=abc",
  "p=tls-exporter,a=bob,n=ada,r=abc",
  "c=biws,r=abcdef,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  "n,a=ada,\u0001host=x\u0001auth=Bearer token\u0001\u0001",
  "user=ada\u0001auth=Bearer token\u0001\u0001",
  "ada 0123456789abcdef0123456789abcdef",
  "\u0001",
  "__proto__\u0000__proto__\u0000__proto__",
];

export async function fuzz(iterations: number, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const deps = await makeDeps(random);
  const names = advertisedMechanisms(deps, { tls: true });
  for (let round = 0; round < iterations; round++) {
    const name = names[round % names.length];
    const bystander = serverMechanism("PLAIN", deps);
    const step = await attack(serverMechanism(name, deps), random);
    // EXTERNAL is proved by TLS alone, so a well-formed answer does log in, as that account.
    const mayEnter = name === "EXTERNAL";
    assert.ok(step.type !== "success" || (mayEnter && step.identity === "cert"), name);
    if (round % 16 > 0) continue;
    const good = await bystander?.step(encodeUtf8("\u0000ada\u0000right"));
    assert.equal(good?.type, "success", "another login goes on");
  }
}

async function attack(
  server: ServerMechanism | undefined,
  random: SeededRandom,
): Promise<ServerStep> {
  assert.ok(server);
  let step: ServerStep = { type: "challenge", octets: new Uint8Array(0) };
  for (let steps = 0; step.type === "challenge"; steps++) {
    assert.ok(steps < 6, "an exchange has an end");
    // A disconnect or `*`: the exchange is simply left.
    if (random.float() < 0.1) return step;
    step = await server.step(random.float() < 0.1 ? undefined : makeResponse(random, step.octets));
  }
  const after = await server.step(encodeUtf8("\u0000ada\u0000right"));
  assert.equal(after.type, "failure", "an ended exchange stays ended");
  return step;
}

function makeResponse(random: SeededRandom, challenge: Uint8Array): Uint8Array {
  const pick = (limit: number): number => Math.floor(random.float() * limit);
  if (pick(12) === 0) return random.bytes(pick(80));
  if (pick(12) === 0) return new Uint8Array(pick(70_000));
  let octets = Uint8Array.from(encodeUtf8(SEEDS[pick(SEEDS.length)]));
  // Often the challenge's own nonce comes back, so that the later steps are reached.
  if (pick(3) === 0 && challenge.length > 0) {
    const nonce = /r=([^,]*)/.exec(new TextDecoder().decode(challenge))?.[1] ?? "";
    octets = Uint8Array.from(encodeUtf8(`c=biws,r=${nonce},p=${"A".repeat(pick(50))}`));
  }
  for (let changes = pick(4); changes > 0; changes--) {
    const at = pick(octets.length + 1);
    const kind = pick(3);
    if (kind === 0 && octets.length > 0) octets[at % octets.length] = pick(256);
    else if (kind === 1)
      octets = Uint8Array.of(...octets.subarray(0, at), ...octets.subarray(at + 1));
    else octets = Uint8Array.of(...octets.subarray(0, at), pick(256), ...octets.subarray(at));
  }
  return octets;
}

async function makeDeps(random: SeededRandom): Promise<SaslServerDeps> {
  const salt = encodeUtf8("salt");
  const verifiers = new Map<string, ScramVerifier | undefined>();
  for (const hash of ["sha1", "sha256"] as const) {
    verifiers.set(hash, await makeScramVerifier(crypto, hash, "right", salt, 4096));
  }
  return {
    crypto,
    random,
    channelBinding: new Uint8Array(32),
    externalIdentity: "cert",
    verifyToken: async () => ({ verdict: "refused" }),
    cramSecret: async () => encodeUtf8("right"),
    credentials: {
      verifyPassword: async (name, password) =>
        name === "ada" && password === "right"
          ? { verdict: "accepted", address: "ada" }
          : { verdict: "refused" },
      async scramVerifier(_name, hash) {
        const verifier = verifiers.get(hash);
        assert.ok(verifier);
        return verifier;
      },
      accountByName: (name) => ({ address: name, isEnabled: true }),
    },
  };
}
