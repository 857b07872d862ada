import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAddress } from "../../message/addr-spec.ts";
import type { Account } from "../../store/directory.ts";
import { AddressResolver } from "./address-resolver.ts";
import { refusalOf } from "./resolution.ts";

/** `a0` … `a9` may be aliases, the first `accounts` of `u0` … are accounts, `x0@far` are elsewhere. */
const target = fc.oneof(
  fc.nat(9).map((n) => `a${n}@us.test`),
  fc.nat(5).map((n) => `u${n}@us.test`),
  fc.nat(3).map((n) => `x${n}@far.test`),
  fc.constantFrom("a0+x@us.test", "not one", "u1", "@", ""),
);
const NO_QUOTA = { quotaOctets: undefined, quotaMessages: undefined };
const world = fc.record({
  aliases: fc.dictionary(
    fc.nat(9).map((n) => `a${n}@us.test`),
    fc.array(target, { maxLength: 5 }),
    { maxKeys: 10 },
  ),
  accounts: fc.nat(6),
  catchAll: fc.option(target),
});

test("property: any tangle of aliases ends; who gets a copy is who can be reached, each once", () => {
  fc.assert(
    fc.property(world, ({ aliases, accounts, catchAll }) => {
      const known = new Map<string, Account>();
      for (let n = 0; n < accounts; n++) {
        const address = `u${n}@us.test`;
        const plain = {
          displayName: "",
          ...NO_QUOTA,
          isEnabled: true,
          mayRelay: true,
          createdAtMs: 0,
        };
        known.set(address, { id: n + 1, address, ...plain });
      }
      const domain = {
        id: 1,
        name: "us.test",
        catchAll: catchAll ?? undefined,
        ...NO_QUOTA,
        createdAtMs: 0,
      };
      const resolver = new AddressResolver(
        {
          directory: {
            domain: (name) => (name === "us.test" ? domain : undefined),
            domains: () => [domain],
            account: (address) => known.get(address),
            accountById: () => undefined,
            accounts: () => [...known.values()],
          },
          aliases: [
            {
              find({ localPart }) {
                const targets = aliases[`${localPart}@us.test`];
                if (targets === undefined) return undefined;
                return { targets: targets.map((text) => ({ kind: "address", text })), source: "x" };
              },
            },
          ],
        },
        {
          hostname: "mx.us.test",
          roleLocalParts: ["postmaster"],
          recipientDelimiter: "+",
          expansionDepth: 32,
          expansionBreadth: 1000,
        },
      );
      const asked = parseAddress("a0@us.test");
      assert.ok(asked.ok);
      const resolution = resolver.resolve(asked.value);
      const reached = reach("a0@us.test", aliases, known, catchAll ?? undefined);
      const locals = resolution.branches.flatMap(({ locals }) =>
        locals.map((l) => l.account.address),
      );
      const remotes = resolution.branches.flatMap(({ remotes }) =>
        remotes.map(({ localPart, domain: at }) => `${localPart}@${at}`),
      );
      assert.equal(new Set(locals).size, locals.length, "each account once");
      assert.deepEqual(new Set([...locals, ...remotes]), reached);
      assert.equal(refusalOf(resolution) === undefined, reached.size > 0);
    }),
    { numRuns: 3000 },
  );
});

/** The same question answered by plain search: everything reachable that is a mailbox or elsewhere. */
function reach(
  from: string,
  aliases: Record<string, string[]>,
  accounts: ReadonlyMap<string, Account>,
  catchAll: string | undefined,
): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const todo = [from];
  for (let address = todo.pop(); address !== undefined; address = todo.pop()) {
    const parsed = parseAddress(address);
    const full = parsed.ok ? address : `${address}@us.test`;
    if (seen.has(full) || !parseAddress(full).ok) continue;
    seen.add(full);
    const plain = full.replace(/\+x@/, "@");
    if (full.endsWith("@far.test")) found.add(full);
    else if (aliases[plain] !== undefined) todo.push(...aliases[plain]);
    else if (accounts.has(plain)) found.add(plain);
    else if (catchAll !== undefined) todo.push(catchAll);
  }
  return found;
}
