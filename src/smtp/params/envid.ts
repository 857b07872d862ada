/** ENVID=xtext (RFC 3461 §4.4): the sender's name for the envelope, given back in reports. */

import type { MailParams } from "../handler.ts";
import { decodeXtext } from "../xtext.ts";
import type { ParameterRule } from "./rule.ts";

const MAX_ENVID_CHARACTERS = 100;

export const envidParameter: ParameterRule<MailParams> = {
  keyword: "ENVID",
  extension: "DSN",
  value: "required",
  read(value, draft) {
    const envid = decodeXtext(value);
    // RFC 3461 §4.4: only printing characters and space, so that it can stand in a report's field.
    if (envid === undefined || !/^[ -~]+$/.test(envid)) return "ENVID is not xtext";
    if (value.length > MAX_ENVID_CHARACTERS) return "ENVID has at most 100 characters";
    draft.envid = envid;
    return undefined;
  },
};
