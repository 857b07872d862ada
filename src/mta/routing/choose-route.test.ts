import { test } from "node:test";
import assert from "node:assert/strict";
import type { NextHop } from "../config.ts";
import { chooseRoute } from "./choose-route.ts";

const hop = (host: string): NextHop => ({ host, port: 25, tls: "may" });

test("DNS decides where no rule and no smarthost does", () => {
  assert.deepEqual(chooseRoute("far.test", { routes: [] }), {
    transport: "smtp",
    destination: "far.test",
  });
});

test("the most exact rule wins, then `*`, then the smarthost", () => {
  const routes = [
    { domain: "*", nextHop: hop("any") },
    { domain: ".far.test", nextHop: hop("sub") },
    { domain: "far.test", nextHop: hop("[192.0.2.1]") },
    { domain: ".deep.far.test", nextHop: hop("deep") },
  ];
  const destination = (domain: string): string => chooseRoute(domain, { routes }).destination;
  assert.equal(destination("far.test"), "[192.0.2.1]:25");
  assert.equal(destination("a.far.test"), "[sub]:25");
  assert.equal(destination("a.deep.far.test"), "[deep]:25");
  assert.equal(destination("notfar.test"), "[any]:25");
  assert.equal(chooseRoute("far.test", { routes }).transport, "route");
  const nextHop = hop("smart.test");
  assert.deepEqual(chooseRoute("x.test", { routes: routes.slice(1), smarthost: nextHop }), {
    transport: "smarthost",
    destination: "[smart.test]:25",
    nextHop,
  });
});
