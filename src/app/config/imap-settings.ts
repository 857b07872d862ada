/** `[imap]` and `[[imap.hideCapabilities]]`: what mail programs are told that this server can do. */

import { choice, text, texts, yesNo } from "./kinds.ts";
import { setting } from "./make-setting.ts";
import type { Group } from "./setting.ts";
import type { ImapSettings } from "./settings-shape.ts";

export const IMAP: Group<ImapSettings> = {
  kind: "group",
  doc: "What mail programs are told over IMAP that this server can do.",
  members: {
    literals: setting({
      schema: choice("plus", "minus"),
      default: "plus",
      type: '"plus" or "minus"',
      doc: "What a program may send without asking first (RFC 7888): `plus` anything (LITERAL+), `minus` no more than 4 KB at once (LITERAL-), so that nobody sends a large message in vain.",
    }),
    uidOnly: setting({
      schema: yesNo,
      default: false,
      type: "true or false",
      doc: "Offers UIDONLY (RFC 9586). Some programs switch it on as soon as they see it and then show no mail.",
    }),
    gmail: setting({
      schema: yesNo,
      default: false,
      type: "true or false",
      doc: "Names X-GM-EXT-1 among the capabilities, for programs that use Gmail's labels, threads and searches. Some programs then take this server for Gmail itself and look for all mail in one mailbox `All Mail`.",
    }),
    hideCapabilities: {
      kind: "repeated",
      doc: "Capabilities that some accounts or programs do not hear of, because they break on them. All entries that fit count.",
      members: {
        capabilities: setting<readonly string[]>({
          schema: texts,
          default: [],
          isRequired: true,
          type: "capability, or a list of them",
          doc: "The names as CAPABILITY gives them.",
          example: '["QRESYNC", "COMPRESS=DEFLATE"]',
        }),
        account: setting({
          schema: text,
          default: "*",
          type: "mail address; * stands for any characters",
          defaultText: '"*"',
          doc: "For these accounts, once they have logged in.",
          example: '"*@example.org"',
        }),
        client: setting({
          schema: text,
          default: "*",
          type: "text; * stands for any characters",
          defaultText: '"*"',
          doc: "For programs that give such a name with ID.",
          example: '"Microsoft*"',
        }),
      },
    },
  },
};
