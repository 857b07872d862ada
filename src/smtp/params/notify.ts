/** NOTIFY=NEVER, or any of SUCCESS, FAILURE, DELAY (RFC 3461 §4.1). */

import type { RcptParams } from "../handler.ts";
import type { ParameterRule } from "./rule.ts";

type Occasion = NonNullable<RcptParams["notify"]>[number];

const OCCASIONS = new Map<string, Occasion>([
  ["SUCCESS", "success"],
  ["FAILURE", "failure"],
  ["DELAY", "delay"],
]);

export const notifyParameter: ParameterRule<RcptParams> = {
  keyword: "NOTIFY",
  extension: "DSN",
  value: "required",
  read(value, draft) {
    const words = value.toUpperCase().split(",");
    if (words.length === 1 && words[0] === "NEVER") {
      draft.notify = [];
      return undefined;
    }
    const occasions = words.map((word) => OCCASIONS.get(word));
    if (!occasions.every((occasion) => occasion !== undefined)) {
      return "NOTIFY is NEVER alone, or a list of SUCCESS, FAILURE and DELAY";
    }
    draft.notify = [...new Set(occasions)];
    return undefined;
  },
};
