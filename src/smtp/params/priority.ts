/** MT-PRIORITY=-9..9 (RFC 6710 §5). Who may ask for more than 0 is the handler's decision. */

import type { MailParams } from "../handler.ts";
import type { ParameterRule } from "./rule.ts";

export const priorityParameter: ParameterRule<MailParams> = {
  keyword: "MT-PRIORITY",
  extension: "MT-PRIORITY",
  value: "required",
  read(value, draft) {
    if (!/^(?:-[1-9]|[0-9])$/.test(value)) return "MT-PRIORITY is a number from -9 to 9";
    draft.priority = Number(value);
    return undefined;
  },
};
