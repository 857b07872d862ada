import { test } from "node:test";
import assert from "node:assert/strict";
import { parseAddress } from "../../message/addr-spec.ts";
import type { NextHop } from "../next-hop.ts";
import type { Transport } from "../transport.ts";
import { chooseRoute, type RouteConfig } from "./choose-route.ts";
import type { RoutedMail } from "./route-rule.ts";

const hop = (host: string): NextHop => ({ host, port: 25, tls: "may" });

function mailFor(text: string, more: Partial<RoutedMail> = {}): RoutedMail {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok);
  return { recipient: parsed.value, sender: "anna@us.test", account: undefined, ...more };
}

function destination(text: string, config: RouteConfig, more: Partial<RoutedMail> = {}): string {
  return chooseRoute(mailFor(text, more), config).destination;
}

test("DNS decides where no rule and no smarthost does", () => {
  assert.deepEqual(chooseRoute(mailFor("bert@far.test"), { routes: [] }), {
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
    { recipient: "carl@far.test", nextHop: hop("one") },
  ];
  const to = (domain: string): string => destination(`bert@${domain}`, { routes });
  assert.equal(to("far.test"), "[192.0.2.1]:25");
  assert.equal(to("a.far.test"), "[sub]:25");
  assert.equal(to("a.deep.far.test"), "[deep]:25");
  assert.equal(to("notfar.test"), "[any]:25");
  assert.equal(destination("Carl@far.test", { routes }), "[one]:25");
  assert.equal(destination("carl+x@far.test", { routes }), "[192.0.2.1]:25");
  assert.equal(destination("carl+x@far.test", { routes, recipientDelimiter: "+" }), "[one]:25");
  assert.equal(chooseRoute(mailFor("bert@far.test"), { routes }).transport, "route");
  const nextHop = hop("smart.test");
  assert.deepEqual(
    chooseRoute(mailFor("bert@x.test"), { routes: routes.slice(1), smarthost: nextHop }),
    { transport: "smarthost", destination: "[smart.test]:25", nextHops: [nextHop] },
  );
});

test("by account, by sender's address, by sender's domain, by anybody: in this order", () => {
  const routes = [
    { nextHop: hop("any") },
    { sender: "@us.test", nextHop: hop("domain") },
    { sender: "Anna@us.test", nextHop: hop("anna") },
    { account: "anna@us.test", nextHop: hop("account") },
    { sender: "<>", nextHop: hop("reports") },
  ];
  const from = (sender: string, account?: string): string =>
    destination("bert@far.test", { routes }, { sender, account });
  assert.equal(from("anna@us.test", "anna@us.test"), "[account]:25");
  assert.equal(from("anna@US.test", "carl@us.test"), "[anna]:25");
  assert.equal(from("carl@us.test"), "[domain]:25");
  assert.equal(from("carl@them.test"), "[any]:25");
  assert.equal(from(""), "[reports]:25");
});

test("where the mail goes counts for more than where it comes from; all conditions must hold", () => {
  const routes = [
    { sender: "@us.test", nextHop: hop("sender") },
    { domain: "far.test", nextHop: hop("far") },
    { domain: "far.test", account: "anna@us.test", nextHop: hop("both") },
  ];
  assert.equal(destination("bert@far.test", { routes }), "[far]:25");
  assert.equal(destination("bert@near.test", { routes }), "[sender]:25");
  const account = "anna@us.test";
  assert.equal(destination("bert@far.test", { routes }, { account }), "[both]:25");
});

test("each kind of transport: what the row in the queue says", () => {
  const told = (transport: Transport & { readonly name?: string }): string => {
    const routes = [{ domain: "far.test", transport }];
    const route = chooseRoute(mailFor("bert@far.test"), { routes });
    return `${route.transport} ${route.destination}`;
  };
  assert.equal(told({ kind: "smtp" }), "smtp far.test");
  assert.equal(told({ kind: "local" }), "local local");
  assert.equal(told({ kind: "smarthost", hops: [hop("a"), hop("b")] }), "route [a]:25,[b]:25");
  assert.equal(told({ kind: "lmtp", hops: [hop("/run/lmtp")] }), "lmtp /run/lmtp");
  assert.equal(told({ kind: "discard", name: "hole" }), "discard transport=hole");
  assert.equal(told({ kind: "mbox", name: "box", path: "/x" }), "mbox transport=box");
});
