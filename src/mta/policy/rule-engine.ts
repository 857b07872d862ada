/**
 * Asks a list of rules: of each stage in order, the first that fits decides. Pure: no clock, no
 * store, no network. The list can be replaced as a whole while sessions go on.
 */

import { decodeWords } from "../../message/encoded-word.ts";
import { fieldText, parseHeader } from "../../message/header.ts";
import { NetworkSet } from "../reception/network-set.ts";
import { compileAddressPattern, compileGlob, type Matcher } from "./glob.ts";
import type { Decision, HeaderTexts, Policy, Scene } from "./policy.ts";
import type { Rule, RuleConditions, RuleStage } from "./rule.ts";

/** What of a field is looked at, and how many fields of a message. */
const MAX_FIELD_CHARACTERS = 10_000;
const MAX_FIELDS = 200;

type Test = (scene: Scene) => boolean;
type CompiledRule = { readonly rule: Rule; readonly tests: readonly Test[] };

export class RuleEngine implements Policy {
  #stages: ReadonlyMap<RuleStage, readonly CompiledRule[]> = new Map();
  #headerKeys: ReadonlySet<string> = new Set();
  #needsClientName = false;

  constructor(rules: readonly Rule[] = []) {
    this.replace(rules);
  }

  replace(rules: readonly Rule[]): void {
    const stages = new Map<RuleStage, CompiledRule[]>();
    for (const rule of rules) {
      const compiled = { rule, tests: testsOf(rule.when) };
      const before = stages.get(rule.stage);
      if (before === undefined) stages.set(rule.stage, [compiled]);
      else before.push(compiled);
    }
    this.#stages = stages;
    this.#headerKeys = new Set(rules.flatMap(({ when }) => when.headers?.map((h) => h.key) ?? []));
    this.#needsClientName = rules.some(({ when }) => when.clientNames !== undefined);
  }

  get needsClientName(): boolean {
    return this.#needsClientName;
  }

  has(stage: RuleStage): boolean {
    return this.#stages.has(stage);
  }

  readHeader(header: Uint8Array): HeaderTexts {
    const texts = new Map<string, string[]>();
    if (this.#headerKeys.size === 0) return texts;
    let room = MAX_FIELDS;
    for (const field of parseHeader(header).fields) {
      if (!this.#headerKeys.has(field.key)) continue;
      if (room-- === 0) break;
      const end = Math.min(field.end, field.valueStart + MAX_FIELD_CHARACTERS);
      const text = decodeWords(fieldText(header, { ...field, end })).trim();
      const before = texts.get(field.key);
      if (before === undefined) texts.set(field.key, [text]);
      else before.push(text);
    }
    return texts;
  }

  decide(stage: RuleStage, scene: Scene): Decision | undefined {
    const found = this.#stages.get(stage)?.find(({ tests }) => tests.every((test) => test(scene)));
    return found && { rule: found.rule.name, action: found.rule.action };
  }
}

function testsOf(when: RuleConditions): Test[] {
  const { services, networks, isAuthenticated, isTls, largerThanOctets, headers } = when;
  const tests: Test[] = [];
  if (services !== undefined) tests.push(({ service }) => services.includes(service));
  if (isTls !== undefined) tests.push((scene) => scene.isTls === isTls);
  if (isAuthenticated !== undefined) {
    tests.push(({ account }) => (account !== undefined) === isAuthenticated);
  }
  if (networks !== undefined) {
    const set = new NetworkSet(networks);
    tests.push(({ clientAddress }) => set.has(clientAddress));
  }
  if (largerThanOctets !== undefined) {
    tests.push(({ sizeOctets = 0 }) => sizeOctets > largerThanOctets);
  }
  tests.push(
    ...textTest(when.clientNames, compileGlob, ({ clientName }) => clientName ?? "unknown"),
    ...textTest(when.helos, compileGlob, ({ helo }) => helo),
    ...textTest(when.accounts, compileAddressPattern, ({ account }) => account),
    ...textTest(when.senders, compileAddressPattern, ({ sender }) => sender),
    ...textTest(when.recipients, compileAddressPattern, ({ recipient }) => recipient),
  );
  if (headers !== undefined) tests.push(headerTest(headers));
  return tests;
}

/** What is not known fits no pattern. */
function textTest(
  patterns: readonly string[] | undefined,
  compile: (pattern: string) => Matcher,
  textOf: (scene: Scene) => string | undefined,
): Test[] {
  if (patterns === undefined) return [];
  const matchers = patterns.map(compile);
  return [
    (scene) => {
      const text = textOf(scene);
      return text !== undefined && matchers.some((matches) => matches(text));
    },
  ];
}

function headerTest(headers: NonNullable<RuleConditions["headers"]>): Test {
  const wanted = headers.map(({ key, pattern }) => ({ key, matches: compileGlob(pattern) }));
  return ({ header }) =>
    wanted.some(({ key, matches }) => header?.get(key)?.some((text) => matches(text)) ?? false);
}
