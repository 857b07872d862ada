/** Reads the parameters behind a path by the table of rules (RFC 5321 §4.1.1.11). */

import type { Extension } from "../extension-names.ts";
import { type Reply, reply } from "../reply.ts";
import type { Draft, ParameterContext, ParameterRule } from "./rule.ts";

/** More than any command line of ours can use: each parameter may come once. */
const MAX_PARAMETERS = 20;

const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
const VALUE = /^[!-<>-~\u0080-\u{10ffff}]+$/u;

/** The parameters, or the reply that refuses them: 501 for bad syntax, 555 for one not offered. */
export function readParameters<T extends object>(
  text: string,
  rules: readonly ParameterRule<T>[],
  isUsable: (extension: Extension) => boolean,
  context: ParameterContext,
): { readonly params: T } | { readonly refusal: Reply } {
  const draft = {} as Draft<T>;
  if (text === "") return { params: draft };
  const words = text.split(/ +/);
  if (words.length > MAX_PARAMETERS) return refuse(501, "too many parameters");
  const seen = new Set<string>();
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = (equals === -1 ? word : word.slice(0, equals)).toUpperCase();
    const value = equals === -1 ? undefined : word.slice(equals + 1);
    if (!KEYWORD.test(name) || (value !== undefined && !VALUE.test(value))) {
      return refuse(501, "malformed parameter");
    }
    if (seen.has(name)) return refuse(501, `${name} given twice`);
    seen.add(name);
    const rule = rules.find((each) => each.keyword === name && isUsable(each.extension));
    if (rule === undefined) return refuse(555, `parameter ${name} not recognized`);
    if ((value !== undefined) !== (rule.value === "required")) {
      return refuse(501, `${name} ${rule.value === "none" ? "takes no" : "needs a"} value`);
    }
    const problem = rule.read(value ?? "", draft, context);
    if (problem !== undefined) return refuse(501, problem);
  }
  return { params: draft };
}

function refuse(code: 501 | 555, problem: string): { readonly refusal: Reply } {
  return { refusal: reply(code, "5.5.4", problem[0].toUpperCase() + problem.slice(1)) };
}
