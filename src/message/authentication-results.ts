/**
 * Authentication-Results fields (RFC 8601 §2.2). Reads them; whether the server that wrote one is to be
 * believed is for the reader to decide by `authservId`.
 */

import { endOfQuoted, isSpace, quotedText, stripComments } from "./comment.ts";

export type AuthenticationProperty = {
  /** `smtp`, `header`, `body`, `policy`. */
  readonly ptype: string;
  readonly property: string;
  readonly value: string;
};

export type AuthenticationResult = {
  /** Lower case: `dkim`, `spf`, `dmarc`… */
  readonly method: string;
  readonly result: string;
  readonly reason: string | undefined;
  readonly properties: readonly AuthenticationProperty[];
};

export type AuthenticationResults = {
  /** Lower case; "" when the field does not even say that. */
  readonly authservId: string;
  readonly results: readonly AuthenticationResult[];
};

const MAX_RESULTS = 100;

export function parseAuthenticationResults(text: string): AuthenticationResults {
  const clauses = splitClauses(stripComments(text));
  const authservId = (splitTokens(clauses[0] ?? "")[0] ?? "").toLowerCase();
  const results = clauses.slice(1, MAX_RESULTS + 1).flatMap((clause) => parseClause(clause) ?? []);
  return { authservId, results };
}

function splitClauses(text: string): string[] {
  const clauses: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length;) {
    if (text[index] === '"') index = endOfQuoted(text, index);
    else {
      if (text[index] === ";") {
        clauses.push(text.slice(start, index));
        start = index + 1;
      }
      index++;
    }
  }
  clauses.push(text.slice(start));
  return clauses;
}

/** `method/1 = result reason="…" ptype.property = value …` */
function parseClause(clause: string): AuthenticationResult | undefined {
  const tokens = splitTokens(clause.replace(/\s*=\s*/g, "="));
  const [method, result] = splitPair(tokens[0] ?? "");
  if (method === "" || result === undefined) return undefined;
  let reason: string | undefined;
  const properties: AuthenticationProperty[] = [];
  for (const token of tokens.slice(1)) {
    const [name, value] = splitPair(token);
    if (value === undefined) continue;
    const dot = name.indexOf(".");
    if (name === "reason") reason = value;
    else if (dot > 0) {
      properties.push({ ptype: name.slice(0, dot), property: name.slice(dot + 1), value });
    }
  }
  return { method: method.replace(/\/\d*$/, ""), result: result.toLowerCase(), reason, properties };
}

function splitPair(token: string): [name: string, value: string | undefined] {
  const equals = token.indexOf("=");
  if (equals === -1) return [token.toLowerCase(), undefined];
  const value = token.slice(equals + 1);
  return [token.slice(0, equals).toLowerCase(), value.startsWith('"') ? quotedText(value) : value];
}

function splitTokens(text: string): string[] {
  const tokens: string[] = [];
  let index = 0;
  while (index < text.length) {
    if (isSpace(text.charCodeAt(index))) {
      index++;
      continue;
    }
    const start = index;
    while (index < text.length && !isSpace(text.charCodeAt(index))) {
      index = text[index] === '"' ? endOfQuoted(text, index) : index + 1;
    }
    tokens.push(text.slice(start, index));
  }
  return tokens;
}
