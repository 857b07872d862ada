/** BODY=7BIT|8BITMIME|BINARYMIME (RFC 6152 §2, RFC 3030 §3). */

import type { MailParams } from "../handler.ts";
import type { ParameterRule } from "./rule.ts";

const BODIES = new Map<string, MailParams["body"]>([
  ["7BIT", "7bit"],
  ["8BITMIME", "8bitmime"],
]);

export const bodyParameter: ParameterRule<MailParams> = {
  keyword: "BODY",
  extension: "8BITMIME",
  value: "required",
  read(value, draft) {
    draft.body = BODIES.get(value.toUpperCase());
    return draft.body === undefined ? "BODY is none of those offered" : undefined;
  },
};

/** Stands before the rule above where BINARYMIME is offered too. */
export const binaryBodyParameter: ParameterRule<MailParams> = {
  keyword: "BODY",
  extension: "BINARYMIME",
  value: "required",
  read(value, draft, context) {
    if (value.toUpperCase() !== "BINARYMIME") return bodyParameter.read(value, draft, context);
    draft.body = "binarymime";
    return undefined;
  },
};
