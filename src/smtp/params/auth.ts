/** AUTH=xtext (RFC 4954 §5): who handed the message in elsewhere. Whether to believe it is the handler's decision. */

import { parseAddress } from "../../message/addr-spec.ts";
import type { MailParams } from "../handler.ts";
import { decodeXtext } from "../xtext.ts";
import type { ParameterRule } from "./rule.ts";

const MAX_AUTH_CHARACTERS = 500;

export const authParameter: ParameterRule<MailParams> = {
  keyword: "AUTH",
  extension: "AUTH",
  value: "required",
  read(value, draft) {
    if (value.length > MAX_AUTH_CHARACTERS) return "AUTH has at most 500 characters";
    const auth = value === "<>" ? value : decodeXtext(value);
    if (auth === undefined) return "AUTH is not xtext";
    if (auth !== "<>" && !parseAddress(auth).ok) return "AUTH is neither an address nor <>";
    draft.auth = auth;
    return undefined;
  },
};
