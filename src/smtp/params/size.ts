/** SIZE=octets (RFC 1870 §3): the client's estimate; 0 says nothing. */

import type { MailParams } from "../handler.ts";
import type { ParameterRule } from "./rule.ts";

export const sizeParameter: ParameterRule<MailParams> = {
  keyword: "SIZE",
  extension: "SIZE",
  value: "required",
  read(value, draft) {
    if (!/^\d{1,20}$/.test(value)) return "SIZE is a number of octets, of at most 20 digits";
    draft.sizeOctets = Number(value);
    return undefined;
  },
};
