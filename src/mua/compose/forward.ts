/** Forwarding as a letter: the text inline with its attachments, or the whole message attached as it is. */

import type { NamedAddress } from "../../message/address-format.ts";
import { forward } from "../../message/reply.ts";
import { screenLines, screenText } from "../text/screen-text.ts";
import type { ReadableMessage } from "../view/readable.ts";
import { emptyLetter, type Letter } from "./letter.ts";
import { writeAddresses } from "./reply.ts";

export type ForwardOptions = {
  readonly from: NamedAddress;
  /** As the person writes it. */
  readonly to: string;
  readonly asAttachment: boolean;
};

export function makeForward(message: ReadableMessage, options: ForwardOptions): Letter {
  const { from, to, asAttachment } = options;
  const how = asAttachment ? "attached" : "inline";
  const draft = forward(message.parsed, { from, to: [], how, dateMs: 0 });
  return {
    ...emptyLetter(writeAddresses([from])),
    to,
    subject: screenText(draft.subject ?? ""),
    references: draft.references,
    text: asAttachment ? "" : `${screenLines(draft.text ?? "").trimEnd()}\n`,
    attachments: [...(draft.attachments ?? [])],
  };
}
