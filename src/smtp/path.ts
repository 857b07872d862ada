/**
 * Reverse-path and forward-path (RFC 5321 §4.1.1.2, §4.1.1.3): `FROM:<user@example.org> PARAMS`.
 * Source routes are read and ignored (§3.6.1, appendix C). The address itself is
 * `message/addr-spec.ts`'s, so that no two parts disagree about who is meant.
 */

import { fault, ok, type Result } from "../base/result.ts";
import { type Address, parseAddress, scanLocalPart } from "../message/addr-spec.ts";
import type { ReversePath } from "./handler.ts";

export type ParsedPath<P> = {
  readonly path: P;
  /** What follows the path: parameters, trimmed. */
  readonly rest: string;
};

/** The argument of MAIL. */
export function parseReversePath(argument: string): Result<ParsedPath<ReversePath>> {
  const inner = unwrapPath(argument, "FROM:");
  if (!inner.ok) return inner;
  const { text, rest, at } = inner.value;
  if (text === "") return ok({ path: "null", rest });
  const address = parseRouted(text);
  return address.ok ? ok({ path: address.value, rest }) : fault(address.problem, at + address.at);
}

/** The argument of RCPT. The domain is "" for `<Postmaster>`. */
export function parseForwardPath(argument: string): Result<ParsedPath<Address>> {
  const inner = unwrapPath(argument, "TO:");
  if (!inner.ok) return inner;
  const { text, rest, at } = inner.value;
  // RFC 5321 §4.5.1: the one address that needs no domain.
  if (/^postmaster$/i.test(text)) return ok({ path: { localPart: text, domain: "" }, rest });
  const address = parseRouted(text);
  return address.ok ? ok({ path: address.value, rest }) : fault(address.problem, at + address.at);
}

function parseRouted(text: string): Result<Address> {
  if (!text.startsWith("@")) return parseAddress(text);
  // A-d-l: `@relay1,@relay2:user@example.org`. No domain has a colon unless it is an address literal.
  const route = /^@(?:[^@,:<>"\s[\]]+|\[[^\]\s]*\])(?:,@(?:[^@,:<>"\s[\]]+|\[[^\]\s]*\]))*:/.exec(
    text,
  );
  if (route === null) return fault("the source route before the address is malformed");
  return parseAddress(text.slice(route[0].length));
}

type Unwrapped = { readonly text: string; readonly rest: string; readonly at: number };

/** What stands between the angle brackets after the keyword, and what follows them. */
function unwrapPath(argument: string, keyword: "FROM:" | "TO:"): Result<Unwrapped> {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) {
    return fault(`the syntax is ${keyword}<address>`);
  }
  let at = keyword.length;
  // RFC 5321 §3.3 allows no space here; Outlook and many scripts send one.
  while (argument[at] === " ") at++;
  if (argument[at] !== "<") return fault("the address must stand in angle brackets", at);
  const end = findClosingBracket(argument, at + 1);
  if (end === -1) return fault("the angle bracket is not closed", at);
  const rest = argument.slice(end + 1);
  if (rest !== "" && rest[0] !== " ") return fault("a space must follow the address", end + 1);
  return ok({ text: argument.slice(at + 1, end), rest: rest.trim(), at: at + 1 });
}

function findClosingBracket(argument: string, from: number): number {
  const routeEnd = argument[from] === "@" ? argument.indexOf(":", from) : -1;
  const start = routeEnd === -1 ? from : routeEnd + 1;
  if (argument[start] !== '"') return argument.indexOf(">", from);
  // A quoted local part may hold a bracket.
  const local = scanLocalPart(argument, start);
  if (local.ok) return argument.indexOf(">", local.value.end);
  const quote = argument.lastIndexOf('"');
  return argument.indexOf(">", quote);
}
