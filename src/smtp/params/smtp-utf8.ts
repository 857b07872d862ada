/** SMTPUTF8 (RFC 6531 §3.4): addresses and header fields may be UTF-8. */

import type { MailParams } from "../handler.ts";
import type { ParameterRule } from "./rule.ts";

export const smtpUtf8Parameter: ParameterRule<MailParams> = {
  keyword: "SMTPUTF8",
  extension: "SMTPUTF8",
  value: "none",
  read(_value, draft) {
    draft.smtpUtf8 = true;
    return undefined;
  },
};
