/**
 * The text a person reads first in a message: the plain text of the body, or its HTML as text
 * (RFC 2046 §5.1: the first text of mixed, the plain one of alternative, the root of related).
 */

import { bodyText } from "./decode-body.ts";
import { htmlToText } from "./html-text.ts";
import { isMultipart, type ParsedMessage, type Part } from "./part.ts";

export function textBody(parsed: ParsedMessage): string {
  const part = findTextPart(parsed.root);
  if (part === undefined) return "";
  const text = bodyText(parsed.octets, part);
  return part.subtype === "html" ? htmlToText(text) : text;
}

/** The part `textBody` shows; undefined when the message has no text that is not an attachment. */
export function findTextPart(root: Part): Part | undefined {
  let html: Part | undefined;
  let other: Part | undefined;
  const stack: Part[] = [root];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    if (isMultipart(part)) {
      // Alternatives go from plain to rich, so in order the plain one is met first.
      for (let index = part.children.length - 1; index >= 0; index--)
        stack.push(part.children[index]);
    } else if (part.type === "text" && !part.isOpaque && part.disposition?.type !== "attachment") {
      if (part.subtype === "plain") return part;
      if (part.subtype === "html") html ??= part;
      else other ??= part;
    }
  }
  return html ?? other;
}

/** The HTML text of a message, if it has one. */
export function findHtmlPart(root: Part): Part | undefined {
  const stack: Part[] = [root];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    if (isMultipart(part)) {
      for (let index = part.children.length - 1; index >= 0; index--)
        stack.push(part.children[index]);
    } else if (
      part.type === "text" &&
      part.subtype === "html" &&
      part.disposition?.type !== "attachment"
    ) {
      return part;
    }
  }
  return undefined;
}
