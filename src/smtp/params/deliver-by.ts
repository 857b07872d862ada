/** BY=seconds;mode[trace] (RFC 2852 §4): deliver in this time, or tell, or give back. */

import type { MailParams } from "../handler.ts";
import type { ParameterRule } from "./rule.ts";

export const deliverByParameter: ParameterRule<MailParams> = {
  keyword: "BY",
  extension: "DELIVERBY",
  value: "required",
  read(value, draft) {
    const match = /^([-+]?\d{1,9});([NR])(T?)$/i.exec(value);
    if (match === null) return "BY is seconds;N or seconds;R, and perhaps T";
    const seconds = Number(match[1]);
    const mode = match[2].toUpperCase() === "R" ? "return" : "notify";
    // RFC 2852 §4: there is nothing left to return by a time that has passed.
    if (mode === "return" && seconds <= 0) return "BY in mode R needs a time to come";
    draft.deliverBy = { seconds, mode, trace: match[3] !== "" };
    return undefined;
  },
};
