/**
 * Which command is legal when (RFC 1939 §3 and the extensions), as one table: a forgotten cell does
 * not compile. The UPDATE state takes no commands and so is none here.
 */

import type { Verb } from "./command.ts";

/** `named`: USER has been accepted, and PASS may follow. Both it and `authorization` are RFC 1939's AUTHORIZATION. */
export type Phase = "authorization" | "named" | "transaction";

type Row = Readonly<Record<Phase, boolean>>;

const BEFORE_LOGIN: Row = { authorization: true, named: true, transaction: false };
const AFTER_LOGIN: Row = { authorization: false, named: false, transaction: true };
const ALWAYS: Row = { authorization: true, named: true, transaction: true };

export const ALLOWED: Readonly<Record<Verb, Row>> = {
  USER: BEFORE_LOGIN,
  PASS: { authorization: false, named: true, transaction: false },
  APOP: BEFORE_LOGIN,
  AUTH: BEFORE_LOGIN,
  STLS: BEFORE_LOGIN,
  UTF8: BEFORE_LOGIN,
  CAPA: ALWAYS,
  LANG: ALWAYS,
  QUIT: ALWAYS,
  NOOP: AFTER_LOGIN,
  STAT: AFTER_LOGIN,
  LIST: AFTER_LOGIN,
  UIDL: AFTER_LOGIN,
  RETR: AFTER_LOGIN,
  TOP: AFTER_LOGIN,
  DELE: AFTER_LOGIN,
  RSET: AFTER_LOGIN,
};

/** Why the command cannot be used now, or undefined. */
export function checkPhase(phase: Phase, verb: Verb): string | undefined {
  if (ALLOWED[verb][phase]) return undefined;
  if (phase === "transaction") return `${verb} is for before you log in`;
  return verb === "PASS" ? "USER comes before PASS" : "log in first";
}
