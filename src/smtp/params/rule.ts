/** What a rule for one MAIL or RCPT parameter is (RFC 5321 §4.1.2 esmtp-param). */

import type { Extension } from "../extension-names.ts";
import type { MailParams } from "../handler.ts";

export type Draft<T> = { -readonly [K in keyof T]: T[K] };
export type MailDraft = Draft<MailParams>;

export type ParameterContext = {
  nowMs(): number;
  readonly maxHoldSeconds: number;
  /** SMTPUTF8 was declared with this transaction. */
  readonly smtpUtf8: boolean;
};

export type ParameterRule<T> = {
  readonly keyword: string;
  /** Taken only where this extension was offered. */
  readonly extension: Extension;
  /** Whether `=value` must, or must not, follow the keyword. */
  readonly value: "required" | "none";
  /** Notes the value in the draft. Returns what is wrong with it, in a few words, or undefined. */
  read(value: string, draft: Draft<T>, context: ParameterContext): string | undefined;
};
