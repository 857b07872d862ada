import assert from "node:assert/strict";
import { test } from "node:test";

import { checkPassword, hashPassword, makePasswordRecord } from "./password.ts";

test("a PHC string of the reference argon2 is understood", async () => {
  // argon2 reference implementation, test.c: version 0x13, t=2, m=2^16, p=1, "password", "somesalt".
  const phc =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  assert.equal(await checkPassword("password", phc), true);
  assert.equal(await checkPassword("Password", phc), false);
});

test("what is hashed checks, with a salt of its own each time", async () => {
  const [first, second] = await Promise.all([hashPassword("pässwörd"), hashPassword("pässwörd")]);
  assert.notEqual(first, second);
  assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await checkPassword("pässwörd", first), true);
  assert.equal(await checkPassword("", first), false);
});

test("an unknown or broken hash is no password's", async () => {
  for (const phc of ["", "secret", "$argon2i$v=19$m=8,t=1,p=1$c2FsdA$dGFn", "$argon2id$v=19$x"]) {
    assert.equal(await checkPassword("secret", phc), false);
  }
});

test("what nobody should have as a password is refused", async () => {
  for (const password of ["", "a\0b", "two\nlines", "x".repeat(5000)]) {
    await assert.rejects(makePasswordRecord(password), { code: "refused" });
  }
});

test("SCRAM keys have their lengths, and never the password in them", async () => {
  const record = await makePasswordRecord("tell nobody");
  assert.deepEqual([record.sha1StoredKey.length, record.sha1ServerKey.length], [20, 20]);
  assert.deepEqual([record.sha256StoredKey.length, record.sha256ServerKey.length], [32, 32]);
  assert.ok(!JSON.stringify(record).includes("tell nobody"));
});
