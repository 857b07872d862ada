import { test } from "node:test";
import assert from "node:assert/strict";
import { parseAddress, type Address } from "../../message/addr-spec.ts";
import type { Account } from "../../store/directory.ts";
import type { AliasSource } from "../aliases/alias-source.ts";
import type { ResolverDirectory } from "./address-matcher.ts";
import { AddressResolver } from "./address-resolver.ts";
import type { ListHost } from "./list-host.ts";
import { refusalOf, type Resolution } from "./resolution.ts";

type World = {
  domains?: Record<string, string | undefined>;
  accounts?: string[];
  disabled?: string[];
  aliases?: Record<string, string[]>;
  lists?: Record<string, string[]>;
  /** Domains that follow another. */
  follows?: Record<string, string>;
  depth?: number;
  breadth?: number;
};

const NO_QUOTA = { quotaOctets: undefined, quotaMessages: undefined };

function resolverOf(world: World): AddressResolver {
  const domains = new Map(Object.entries(world.domains ?? { "us.test": undefined }));
  const accounts = new Map<string, Account>();
  for (const [index, address] of (world.accounts ?? []).entries()) {
    const isEnabled = !(world.disabled ?? []).includes(address);
    accounts.set(address, {
      id: index + 1,
      address,
      displayName: "",
      ...NO_QUOTA,
      isEnabled,
      mayRelay: true,
      createdAtMs: 0,
    });
  }
  const directory: ResolverDirectory = {
    domain(name) {
      const follows = world.follows?.[name];
      if (follows === undefined && !domains.has(name)) return undefined;
      return { id: 1, name, catchAll: domains.get(name), follows, ...NO_QUOTA, createdAtMs: 0 };
    },
    domains: () => [],
    account: (address) => accounts.get(address),
    accountById: () => undefined,
    accounts: () => [...accounts.values()].toReversed(),
  };
  const aliases: AliasSource = {
    find({ localPart, domain }) {
      const targets = world.aliases?.[`${localPart.toLowerCase()}@${domain}`];
      if (targets === undefined) return undefined;
      return { targets: targets.map((text) => ({ kind: "address", text })), source: "test" };
    },
  };
  const lists: ListHost = {
    find(address) {
      const members = world.lists?.[address];
      if (members === undefined) return undefined;
      const list = {
        id: 1,
        address,
        displayName: "",
        owner: "o@us.test",
        members,
        posting: "anyone",
      } as const;
      const prefix = new Uint8Array(0);
      return {
        role: "post",
        list,
        reversePath: `bounces-${address}`,
        prefix,
        listId: address,
        members,
      };
    },
    refusePost: (_list, sender) =>
      sender.reversePath === "" ? { status: "5.7.1", text: "no reports" } : undefined,
  };
  return new AddressResolver(
    { directory, aliases: [aliases], lists },
    {
      hostname: "mx.us.test",
      roleLocalParts: ["postmaster", "abuse"],
      recipientDelimiter: "+",
      expansionDepth: world.depth ?? 32,
      expansionBreadth: world.breadth ?? 10_000,
    },
  );
}

function parse(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

function show(resolution: Resolution): string[] {
  return resolution.branches.map((branch) => {
    const locals = branch.locals.map((local) => `${local.account.address}!${local.detail ?? ""}`);
    const remotes = branch.remotes.map((address) => `${address.localPart}@${address.domain}`);
    return `${branch.kind} ${branch.name}: ${[...locals, ...remotes].join(" ")}`;
  });
}

const resolve = (world: World, text: string): string[] =>
  show(resolverOf(world).resolve(parse(text)));
const refusal = (world: World, text: string): string | undefined => {
  const problem = refusalOf(resolverOf(world).resolve(parse(text)));
  return problem && `${problem.code} ${problem.status}`;
};

test("an account, without case, with a detail", () => {
  const world = { accounts: ["anna@us.test"] };
  assert.deepEqual(resolve(world, "ANNA@us.test"), ["direct anna@us.test: anna@us.test!"]);
  assert.deepEqual(resolve(world, "anna+Shop@us.test"), [
    "direct anna+shop@us.test: anna@us.test!Shop",
  ]);
});

test("an unknown local part, a switched-off account", () => {
  const world = { accounts: ["anna@us.test"], disabled: ["anna@us.test"] };
  assert.equal(refusal(world, "nobody@us.test"), "550 5.1.1");
  assert.equal(refusal(world, "anna@us.test"), "550 5.2.1");
});

test("another host's address keeps its case; a U-label domain becomes its A-label", () => {
  assert.deepEqual(resolve({}, "Ben@Other.test"), ["direct ben@other.test: Ben@other.test"]);
  const world = {
    domains: { "xn--bcher-kva.test": undefined },
    accounts: ["a@xn--bcher-kva.test"],
  };
  assert.deepEqual(resolve(world, "a@bücher.test"), [
    "direct a@xn--bcher-kva.test: a@xn--bcher-kva.test!",
  ]);
});

test("aliases over several levels, local and remote, without duplicates", () => {
  const world = {
    accounts: ["anna@us.test", "ben@us.test"],
    aliases: {
      "all@us.test": ["staff@us.test", "anna@us.test", "far@other.test"],
      "staff@us.test": ["anna@us.test", "ben", "far@other.test"],
    },
  };
  assert.deepEqual(resolve(world, "all@us.test"), [
    "direct all@us.test: anna@us.test! ben@us.test!",
    "alias all@us.test: far@other.test",
  ]);
});

test("an alias that names itself means the mailbox", () => {
  const world = {
    accounts: ["anna@us.test"],
    aliases: { "anna@us.test": ["anna@us.test", "anna@home.test"] },
  };
  assert.deepEqual(resolve(world, "anna+x@us.test"), [
    "direct anna+x@us.test: anna@us.test!",
    "alias anna+x@us.test: anna@home.test",
  ]);
});

test("security row 43: alias cycles end, with 5.4.6 where nothing is left", () => {
  const cycle = { aliases: { "a@us.test": ["b"], "b@us.test": ["c"], "c@us.test": ["a"] } };
  assert.equal(refusal(cycle, "a@us.test"), "554 5.4.6");
  const leaking = { ...cycle, aliases: { ...cycle.aliases, "b@us.test": ["c", "x@other.test"] } };
  assert.deepEqual(resolve(leaking, "a@us.test"), ["alias a@us.test: x@other.test"]);
  const growing = { aliases: { "a@us.test": ["a+x"] } };
  assert.equal(refusal(growing, "a@us.test"), "554 5.4.6");
});

test("security row 43: depth and breadth are capped", () => {
  const aliases: Record<string, string[]> = {};
  for (let level = 0; level < 40; level++) aliases[`a${level}@us.test`] = [`a${level + 1}`];
  assert.equal(refusal({ aliases }, "a0@us.test"), "554 5.4.6");
  const many = Array.from({ length: 101 }, (_, index) => `u${index}@other.test`);
  assert.equal(refusal({ aliases: { "w@us.test": many }, breadth: 100 }, "w@us.test"), "554 5.4.6");
  // Two to the twentieth paths, twenty addresses: each is expanded once.
  const diamonds: Record<string, string[]> = { "d20@us.test": ["x@other.test"] };
  for (let level = 0; level < 20; level++) {
    diamonds[`d${level}@us.test`] = [`d${level + 1}`, `d${level + 1}+again`];
  }
  assert.deepEqual(resolve({ aliases: diamonds }, "d0@us.test"), [
    "alias d0@us.test: x@other.test",
  ]);
});

test("an alias beats an account, an exact address beats the detail, all beat the catch-all", () => {
  const world = {
    domains: { "us.test": "anna@us.test" },
    accounts: ["anna@us.test", "ben@us.test"],
    aliases: { "ben@us.test": ["anna"], "anna+list@us.test": ["far@other.test"] },
  };
  assert.deepEqual(resolve(world, "ben@us.test"), ["direct ben@us.test: anna@us.test!"]);
  assert.deepEqual(resolve(world, "anna+list@us.test"), [
    "alias anna+list@us.test: far@other.test",
  ]);
  assert.deepEqual(resolve(world, "whoever@us.test"), ["direct whoever@us.test: anna@us.test!"]);
});

test("a catch-all and a role that lead to another host forward, as an alias does", () => {
  const world = { domains: { "us.test": "rest@far.test" }, accounts: [] };
  assert.deepEqual(resolve(world, "whoever@us.test"), ["alias whoever@us.test: rest@far.test"]);
});

test("a catch-all that leads nowhere ends", () => {
  assert.equal(refusal({ domains: { "us.test": "gone@us.test" } }, "x@us.test"), "554 5.4.6");
});

test("postmaster and abuse are always there: also without a domain, and at the host's own name", () => {
  const world = { accounts: ["anna@us.test", "ben@us.test"] };
  const resolver = resolverOf(world);
  const bare = show(resolver.resolve({ localPart: "Postmaster", domain: "" }));
  assert.deepEqual(bare, ["direct postmaster: anna@us.test!"]);
  assert.deepEqual(resolve(world, "ABUSE@us.test"), ["direct abuse@us.test: anna@us.test!"]);
  assert.deepEqual(resolve(world, "postmaster@mx.us.test"), [
    "direct postmaster@mx.us.test: anna@us.test!",
  ]);
  assert.equal(refusal({}, "postmaster@us.test"), "451 4.3.5");
  assert.ok(refusalOf(resolver.resolve({ localPart: "anna", domain: "" })));
});

test("a domain alias: every local part is the other domain's, roles and the unknown too", () => {
  const world = {
    domains: { "us.test": undefined },
    follows: { "new.test": "us.test" },
    accounts: ["anna@us.test"],
    aliases: { "info@us.test": ["anna", "x@other.test"] },
  };
  assert.deepEqual(resolve(world, "Anna+Shop@NEW.test"), [
    "direct anna+shop@new.test: anna@us.test!Shop",
  ]);
  assert.deepEqual(resolve(world, "info@new.test"), [
    "direct info@new.test: anna@us.test!",
    "alias info@us.test: x@other.test",
  ]);
  assert.deepEqual(resolve(world, "postmaster@new.test"), [
    "direct postmaster@new.test: anna@us.test!",
  ]);
  assert.equal(refusal(world, "nobody@new.test"), "550 5.1.1");
  const { steps } = resolverOf(world).resolve(parse("anna@new.test"));
  assert.equal(steps[0].kind, "domain-alias");
});

test("an alias with an owner- sends its copies out under that name", () => {
  const world = {
    accounts: ["anna@us.test"],
    aliases: { "team@us.test": ["anna", "far@other.test"], "owner-team@us.test": ["anna"] },
  };
  const { branches } = resolverOf(world).resolve(parse("team@us.test"));
  assert.deepEqual(
    branches.map((branch) => branch.reversePath),
    ["owner-team@us.test"],
  );
  assert.deepEqual(resolve(world, "team@us.test"), [
    "list team@us.test: anna@us.test! far@other.test",
  ]);
});

test("a list has a branch of its own; lists in each other end; a refused post is a refusal", () => {
  const world = {
    accounts: ["anna@us.test"],
    aliases: { "both@us.test": ["anna", "l1"] },
    lists: {
      "l1@us.test": ["anna@us.test", "l2@us.test", "far@other.test"],
      "l2@us.test": ["l1@us.test", "far@other.test"],
    },
  };
  assert.deepEqual(resolve(world, "both@us.test"), [
    "direct both@us.test: anna@us.test!",
    "list l1@us.test: anna@us.test! far@other.test",
    "list l2@us.test: far@other.test",
  ]);
  const sender = { reversePath: "", account: undefined };
  const refused = refusalOf(resolverOf(world).resolve(parse("l1@us.test"), sender));
  assert.equal(refused?.status, "5.7.1");
});

test("a target that is broken is a problem beside the good ones", () => {
  const world = {
    accounts: ["anna@us.test"],
    aliases: { "team@us.test": ["anna", "gone", "not an address@", "gone@us.test"] },
  };
  const resolution = resolverOf(world).resolve(parse("team@us.test"));
  assert.equal(refusalOf(resolution), undefined);
  assert.deepEqual(
    resolution.problems.map((problem) => `${problem.address} ${problem.status}`),
    ["gone@us.test 5.1.1", "not an address@ 5.1.3"],
  );
});

test("the trace tells each step", () => {
  const world = { accounts: ["anna@us.test"], aliases: { "a@us.test": ["anna", "x@other.test"] } };
  const { steps } = resolverOf(world).resolve(parse("a@us.test"));
  assert.deepEqual(
    steps.map((step) => `${step.depth} ${step.kind} ${step.address} (${step.because})`),
    [
      "0 alias a@us.test (test)",
      "1 account anna@us.test (directory)",
      "1 remote x@other.test (not a domain of this host)",
    ],
  );
});

test("security row 20: percent, bang and quoted @ have no meaning in a local part", () => {
  const world = { accounts: ["anna@us.test"] };
  for (const text of ["u%evil.test@us.test", "evil.test!u@us.test", '"u@evil.test"@us.test']) {
    assert.equal(refusal(world, text), "550 5.1.1", text);
  }
});
