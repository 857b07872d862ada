/** Makes rules of `[[rules]]`: what a rule's members must be together, beyond what each must be alone. */

import { RULE_STAGES } from "../../mta/policy/rule.ts";
import type { Rule, RuleAction, RuleConditions, RuleStage } from "../../mta/policy/rule.ts";
import { reply } from "../../smtp/reply.ts";
import type { Reply } from "../../smtp/reply.ts";
import type { RuleSettings } from "./settings-shape.ts";

export type RuleProblem = {
  readonly index: number;
  readonly member: keyof RuleSettings;
  /** Completes "rules.MEMBER …". */
  readonly problem: string;
};

export type RuleReading = {
  readonly rules: readonly Rule[];
  readonly problems: readonly RuleProblem[];
};

type Complain = (member: keyof RuleSettings, problem: string) => void;

export function readRules(settings: readonly RuleSettings[]): RuleReading {
  const problems: RuleProblem[] = [];
  const rules = settings.map((rule, index): Rule => {
    const complain: Complain = (member, problem) => problems.push({ index, member, problem });
    checkStage(rule, complain);
    return {
      name: rule.name ?? `rule ${index + 1}`,
      stage: rule.stage,
      when: conditionsOf(rule, complain),
      action: actionOf(rule, complain),
    };
  });
  return { rules, problems };
}

/** The first stage at which a member's fact is known; some are facts of one stage alone. */
const KNOWN_FROM: Partial<Record<keyof RuleSettings, RuleStage>> = {
  helo: "helo",
  sender: "sender",
  account: "sender",
  authenticated: "sender",
  largerThan: "sender",
  recipient: "recipient",
  header: "data",
};

function checkStage(rule: RuleSettings, complain: Complain): void {
  const at = RULE_STAGES.indexOf(rule.stage);
  for (const [name, stage] of Object.entries(KNOWN_FROM)) {
    const member = name as keyof RuleSettings;
    if (!isGiven(rule[member])) continue;
    if (at < RULE_STAGES.indexOf(stage)) {
      complain(member, `is not known yet at stage "${rule.stage}", only from "${stage}" on`);
    }
  }
  // A message has many: which one would it be?
  if (isGiven(rule.recipient) && rule.stage === "data") {
    complain("recipient", 'is a question for stage "recipient"');
  }
  const needsMessage = ["hold", "discard", "tag"].includes(rule.action);
  if (needsMessage && at < RULE_STAGES.indexOf("sender")) {
    complain("action", `"${rule.action}" needs a message: stage "sender", "recipient" or "data"`);
  }
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

function conditionsOf(rule: RuleSettings, complain: Complain): RuleConditions {
  const list = <T>(values: readonly T[]): readonly T[] | undefined =>
    values.length > 0 ? values : undefined;
  return {
    services: list(rule.service),
    networks: list(rule.client),
    clientNames: list(rule.clientName),
    helos: list(rule.helo),
    senders: list(rule.sender),
    recipients: list(rule.recipient),
    accounts: list(rule.account),
    isAuthenticated: rule.authenticated,
    isTls: rule.tls,
    largerThanOctets: rule.largerThan,
    headers: list(rule.header.flatMap((text) => readHeader(text, complain))),
  };
}

function readHeader(text: string, complain: Complain): { key: string; pattern: string }[] {
  const match = /^([!-9;-~]{1,100}):\s*(.*)$/.exec(text);
  if (match !== null) return [{ key: match[1].toLowerCase(), pattern: match[2].trim() }];
  complain("header", 'must be a field name, ":" and a pattern, such as "Subject: *lottery*"');
  return [];
}

const REFUSE_CODES: readonly number[] = [521, 530, 550, 551, 552, 553, 554, 556];
const DEFER_CODES: readonly number[] = [421, 450, 451, 452];

function actionOf(rule: RuleSettings, complain: Complain): RuleAction {
  const { action } = rule;
  const isRefusal = action === "refuse" || action === "defer";
  for (const member of ["code", "status"] as const) {
    if (!isRefusal && isGiven(rule[member])) complain(member, 'is for "refuse" and "defer" only');
  }
  if (!isRefusal && action !== "hold" && isGiven(rule.text)) {
    complain("text", 'is for "refuse", "defer" and "hold" only');
  }
  if (action !== "tag" && isGiven(rule.field)) complain("field", 'is for "tag" only');
  const text = textOf(rule, complain);
  switch (action) {
    case "refuse":
      return { type: "refuse", reply: replyOf(rule, REFUSE_CODES, text, complain) };
    case "defer":
      return { type: "defer", reply: replyOf(rule, DEFER_CODES, text, complain) };
    case "hold":
      return { type: "hold", reason: text ?? `rule ${rule.name ?? ""}`.trim() };
    case "tag":
      return { type: "tag", field: fieldOf(rule, complain) };
    case "allow":
    case "discard":
      return { type: action };
  }
}

function textOf({ text }: RuleSettings, complain: Complain): string | undefined {
  if (text !== undefined && !/^[ -~]{1,400}$/.test(text)) {
    complain("text", "must be one line of up to 400 ASCII characters");
  }
  return text;
}

function replyOf(
  { action, stage, code, status }: RuleSettings,
  codes: readonly number[],
  text: string | undefined,
  complain: Complain,
): Reply {
  // RFC 5321 §3.1, RFC 7504: what a server that does not want a client may greet it with.
  const fitting =
    stage === "connect" ? codes.filter((one) => [421, 521, 554].includes(one)) : codes;
  const usual = fitting.includes(550) ? 550 : fitting.includes(450) ? 450 : (fitting.at(-1) ?? 554);
  if (code !== undefined && !fitting.includes(code)) {
    complain("code", `must be one of ${fitting.join(", ")} for "${action}" at stage "${stage}"`);
  }
  const kind = action === "refuse" ? 5 : 4;
  if (status !== undefined && !new RegExp(`^${kind}\\.\\d{1,3}\\.\\d{1,3}$`).test(status)) {
    complain("status", `must be ${kind}.x.y for "${action}", such as "${kind}.7.1"`);
  }
  const words =
    kind === 5 ? "Not accepted by the rules of this server" : "Not now; please try again later";
  return reply(code ?? usual, status ?? `${kind}.7.1`, text ?? words);
}

function fieldOf({ field }: RuleSettings, complain: Complain): string {
  // RFC 5322 §2.1.1
  if (field !== undefined && field.length <= 900 && /^[!-9;-~]{1,76}: ?[ -~]*[!-~]$/.test(field)) {
    return field;
  }
  complain("field", 'must be a header field in ASCII for "tag", such as "X-Filter: newsletter"');
  return "";
}
