/** REQUIRETLS (RFC 8689 §2): every hop from here on must be under verified TLS. */

import type { MailParams } from "../handler.ts";
import type { ParameterRule } from "./rule.ts";

export const requireTlsParameter: ParameterRule<MailParams> = {
  keyword: "REQUIRETLS",
  extension: "REQUIRETLS",
  value: "none",
  read(_value, draft) {
    draft.requireTls = true;
    return undefined;
  },
};
