import { test } from "node:test";
import assert from "node:assert/strict";
import type { Domain } from "../store/directory.ts";
import { originDomain } from "./origin-domain.ts";

const NO_QUOTA = { quotaOctets: undefined, quotaMessages: undefined };

/** The oldest first here; the directory lists them by name. */
const domains = (...names: string[]): readonly Domain[] =>
  names
    .map((name, index) => ({
      id: index + 1,
      name,
      catchAll: undefined,
      ...NO_QUOTA,
      createdAtMs: 0,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

test("a bare name is completed with the domain nearest to the host's name, then with the oldest", () => {
  const ours = domains("main.test", "apart.test", "example.org", "sub.example.org");
  assert.equal(originDomain("example.org", ours), "example.org");
  assert.equal(originDomain("mail.example.org", ours), "example.org");
  assert.equal(originDomain("MX.Sub.Example.org.", ours), "sub.example.org");
  assert.equal(originDomain("mx.badexample.org", ours), "main.test");
  assert.equal(originDomain("localhost", ours), "main.test");
  assert.equal(originDomain("mx.example.org", []), "mx.example.org");
});
