import { test } from "node:test";
import assert from "node:assert/strict";
import { no, okay } from "./completion.ts";
import { commandNames } from "./command/parse.ts";
import { advance, check, RULES, updatesAfter, type Phase } from "./session.ts";

const PHASES: readonly Phase[] = ["anonymous", "authenticated", "selected"];

test("every command has its row, and every row a command", () => {
  const verbs = new Set(commandNames().map((name) => name.replace(/^UID /, "")));
  assert.deepEqual([...verbs].sort(), Object.keys(RULES).sort());
});

test("RFC 9051 §3: what is legal when", () => {
  const legal = (phase: Phase): string[] =>
    Object.keys(RULES).filter((verb) => check(phase, verb as keyof typeof RULES) === undefined);
  assert.deepEqual(legal("anonymous").sort(), [
    "AUTHENTICATE",
    "CAPABILITY",
    "ID",
    "LOGIN",
    "LOGOUT",
    "NOOP",
    "STARTTLS",
  ]);
  assert.ok(!legal("authenticated").includes("FETCH"));
  assert.ok(!legal("authenticated").includes("LOGIN"));
  // pitfall 5: Outlook idles before it selects.
  assert.ok(legal("authenticated").includes("IDLE"));
  assert.ok(legal("selected").includes("SELECT"));
});

test("RFC 9051 §7.5.1: no EXPUNGE while FETCH, STORE or SEARCH count in sequence numbers", () => {
  for (const verb of ["FETCH", "STORE", "SEARCH", "SORT", "THREAD"] as const) {
    assert.equal(updatesAfter(verb, false), "keep-numbers");
    assert.equal(updatesAfter(verb, true), "all");
  }
});

test("phases move with the answers", () => {
  for (const phase of PHASES) {
    assert.equal(advance(phase, "NOOP", okay("")), phase);
    assert.equal(advance(phase, "SELECT", { status: "BAD", text: "" }), phase);
  }
  assert.equal(advance("anonymous", "LOGIN", no("")), "anonymous");
  assert.equal(advance("anonymous", "LOGIN", okay("")), "authenticated");
  assert.equal(advance("selected", "SELECT", no("")), "authenticated");
  assert.equal(advance("authenticated", "SELECT", okay("")), "selected");
  assert.equal(advance("selected", "CLOSE", okay("")), "authenticated");
});
