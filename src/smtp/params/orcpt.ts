/** ORCPT=type;xtext (RFC 3461 §4.2, RFC 6533 §3): the recipient as the sender first wrote it. */

import type { RcptParams } from "../handler.ts";
import { decodeXtext } from "../xtext.ts";
import type { ParameterRule } from "./rule.ts";

const MAX_ORCPT_CHARACTERS = 500;

export const orcptParameter: ParameterRule<RcptParams> = {
  keyword: "ORCPT",
  extension: "DSN",
  value: "required",
  read(value, draft) {
    if (value.length > MAX_ORCPT_CHARACTERS) return "ORCPT has at most 500 characters";
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*);(.+)$/.exec(value);
    if (match === null) return "ORCPT is an address type, a semicolon and an address";
    const type = match[1].toLowerCase();
    const address = decodeXtext(match[2], { utf8: type === "utf-8" });
    if (address === undefined || /[\u0000-\u001f\u007f-\u009f]/.test(address)) {
      return "ORCPT is not xtext";
    }
    draft.orcpt = `${type};${address}`;
    return undefined;
  },
};
