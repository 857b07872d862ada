/** Forwarding: the text inline with its attachments, or the whole message attached as it is. */

import { bodyOctets } from "../../message/decode-body.ts";
import { shownFields } from "../view/header-view.ts";
import type { ReadableMessage } from "../view/readable.ts";
import { safeFileName } from "../text/file-name.ts";
import { emptyLetter, type Letter } from "./letter.ts";
import { subjectOf, threadFields } from "./reply.ts";

export type ForwardOptions = {
  readonly from: string;
  readonly to: string;
  readonly asAttachment: boolean;
};

export function makeForward(message: ReadableMessage, options: ForwardOptions): Letter {
  const letter = emptyLetter(options.from);
  const subject = subjectOf(message);
  letter.to = options.to;
  letter.subject = /^fwd?\s*:/i.test(subject) ? subject : `Fwd: ${subject}`.trimEnd();
  letter.references = threadFields(message).references;
  if (options.asAttachment) {
    const fileName = safeFileName(`${subject === "" ? "message" : subject}.eml`, "message.eml");
    letter.attachments.push({
      octets: message.parsed.octets,
      mediaType: "message/rfc822",
      fileName,
    });
    return letter;
  }
  letter.text = `\n${forwardedText(message)}`;
  for (const { part, fileName, mediaType } of message.attachments) {
    letter.attachments.push({
      octets: bodyOctets(message.parsed.octets, part),
      mediaType,
      fileName,
    });
  }
  return letter;
}

export function forwardedText(message: ReadableMessage): string {
  const fields = shownFields(message.parsed.octets, message.parsed.root.header);
  const header = fields.map(({ name, value }) => `${name}: ${value}`).join("\n");
  return `---------- forwarded message ----------\n${header}\n\n${message.text.trimEnd()}\n`;
}
