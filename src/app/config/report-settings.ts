/** The rows of `[reports]`: what senders hear of mail that did not arrive, or did. */

import { duration, optional, size, text } from "./kinds.ts";
import { setting } from "./make-setting.ts";
import type { Group } from "./setting.ts";
import type { ReportSettings } from "./settings-shape.ts";

export const REPORTS: Group<ReportSettings> = {
  kind: "group",
  doc: "Reports to senders (RFC 3461, RFC 3464).",
  members: {
    gather: setting({
      schema: duration,
      default: 30_000,
      type: "time",
      defaultText: '"30s"',
      doc: "Recipients of a message that fail within this time share a report, whatever their destinations. It goes out at once when nobody else of the message is being tried.",
    }),
    returned: setting({
      schema: size,
      default: 50_000,
      type: "size",
      defaultText: '"50000B"',
      doc: "A message up to this size comes back whole with a failure, unless its sender asked for the header alone; of a larger one its header comes back.",
    }),
    templates: setting({
      schema: optional(text),
      default: undefined,
      type: "path of a folder",
      defaultText: "none: English texts",
      doc: "The site's own texts: `failed.txt`, `delayed.txt`, `success.txt`, `relayed.txt`, `expanded.txt`, and `hints.txt` with a sentence for each status code. A sub-folder named after a language (`language`) or after the sender's domain goes first. The form is in docs/reports.md; `posthorn doctor config` checks them, and they are read at the start and at SIGHUP.",
      example: '"/etc/posthorn/reports"',
    }),
    language: setting({
      schema: optional(text),
      default: undefined,
      type: "name of a folder in `templates`",
      defaultText: "none",
      doc: "The language of reports to senders whose domain has no folder of its own.",
      example: '"de"',
    }),
  },
};
