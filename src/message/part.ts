/**
 * One part of a message, as octet ranges of the whole (RFC 2045 §2.4, §2.5): nothing is copied or
 * decoded. The root part is the message itself.
 */

import type { Defect } from "./defect.ts";
import type { HeaderSection } from "./header.ts";

export type Disposition = {
  /** Lower case; `attachment`, `inline` or what was written. */
  readonly type: string;
  readonly params: ReadonlyMap<string, string>;
};

export type Part = {
  readonly header: HeaderSection;
  /** Where the part's header begins. */
  readonly start: number;
  /** Where its body begins, and where body and part end (without the line end that belongs to a boundary). */
  readonly bodyStart: number;
  readonly end: number;
  /** Line ends in the body. What comes after the last is no line: so IMAP servers have always counted. */
  readonly lines: number;
  /** 1 for the root. */
  readonly depth: number;
  /** Media type and subtype in lower case; `text` `plain` where none is given (RFC 2045 §5.2). */
  readonly type: string;
  readonly subtype: string;
  readonly params: ReadonlyMap<string, string>;
  readonly hasContentType: boolean;
  /** Content-Transfer-Encoding in lower case; `7bit` where none is given. */
  readonly encoding: string;
  readonly disposition: Disposition | undefined;
  /** Parts of a multipart, never empty for one that was looked into. */
  readonly children: readonly Part[];
  /** The message within a message/rfc822 or message/global part. */
  readonly message: Part | undefined;
  /**
   * Not looked into although its type has parts: too deep, too many, or under an encoding that hides
   * them. Everybody sees it as application/octet-stream.
   */
  readonly isOpaque: boolean;
  /** Where the epilogue of a multipart begins; its `end` where there is none. */
  readonly epilogueStart: number;
};

export type ParsedMessage = {
  readonly octets: Uint8Array;
  readonly root: Part;
  readonly defects: readonly Defect[];
};

/** Whether the part holds other parts as its children or as its message. */
export function isMultipart(part: Part): boolean {
  return part.type === "multipart" && !part.isOpaque && part.children.length > 0;
}

/** All parts, containers included, in the order they stand. */
export function* partsOf(root: Part): Generator<Part> {
  const stack: Part[] = [root];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    yield part;
    if (part.message !== undefined) stack.push(part.message);
    for (let index = part.children.length - 1; index >= 0; index--)
      stack.push(part.children[index]);
  }
}
