/** `[pop3]` and `[[pop3.keepFor]]`: what becomes of messages that POP3 clients delete. */

import { text, wholeNumber } from "./kinds.ts";
import { setting } from "./make-setting.ts";
import type { Group, Setting } from "./setting.ts";
import type { Pop3Settings } from "./settings-shape.ts";

const days = (fallback: number, doc: string): Setting<number> =>
  setting({ schema: wholeNumber(0, 3_650), default: fallback, type: "number of days", doc });

export const POP3: Group<Pop3Settings> = {
  kind: "group",
  doc: "What becomes of messages that POP3 clients delete.",
  members: {
    keepDays: days(
      0,
      "How long copies of them are kept where IMAP shows them; they are out of the POP3 maildrop at once. 0: not at all. Copies that are too old go when the account next uses POP3.",
    ),
    keepIn: setting({
      schema: text,
      default: "POP3 Deleted",
      type: "name of a mailbox",
      defaultText: '"POP3 Deleted"',
      doc: "The mailbox in which they are kept. Whatever lies in it for so long is removed.",
    }),
    keepFor: {
      kind: "repeated",
      doc: "Other times for some accounts: the first entry that fits counts.",
      members: {
        account: setting({
          schema: text,
          default: "",
          isRequired: true,
          type: "mail address; * stands for any characters",
          doc: "For these accounts.",
          example: '"*@example.org"',
        }),
        days: days(30, "How long for them."),
      },
    },
  },
};
