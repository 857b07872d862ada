/** RET=FULL|HDRS (RFC 3461 §4.3): how much of the message a failure report returns. */

import type { MailParams } from "../handler.ts";
import type { ParameterRule } from "./rule.ts";

const AMOUNTS = new Map<string, MailParams["ret"]>([
  ["FULL", "full"],
  ["HDRS", "headers"],
]);

export const retParameter: ParameterRule<MailParams> = {
  keyword: "RET",
  extension: "DSN",
  value: "required",
  read(value, draft) {
    draft.ret = AMOUNTS.get(value.toUpperCase());
    return draft.ret === undefined ? "RET is FULL or HDRS" : undefined;
  },
};
