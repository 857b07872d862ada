/** The texts of reports where the site has none of its own. */

import { parseTemplate, type ReportTemplate } from "./report-template.ts";

/** `success`: it lies in the mailbox. `relayed`: the next host sends no notices. `expanded`: it went on to several. */
export type TemplateKind = "failed" | "delayed" | "success" | "relayed" | "expanded";

export const TEMPLATE_KINDS: readonly TemplateKind[] = [
  "failed",
  "delayed",
  "success",
  "relayed",
  "expanded",
];

const RECIPIENT = `
{{#recipients}}
  {{recipient}}
    You wrote to {{original}}.
    {{problem}}
    {{hint}}
    We try until {{until}}.

{{/recipients}}
`;

const ARRIVED = `
{{#recipients}}
  {{recipient}}
    You wrote to {{original}}.

{{/recipients}}
`;

const TEXTS: Readonly<Record<TemplateKind, string>> = {
  failed: `Subject: Your mail could not be delivered

This is the mail system of {{hostname}}.

Your message of {{date}} could not be delivered to:
${RECIPIENT}Nothing more will be tried. The message, or its header, is attached.
`,
  delayed: `Subject: Your mail is late

This is the mail system of {{hostname}}.

Your message of {{date}} has not been delivered yet to:
${RECIPIENT}We go on trying. You need not send the message again.
`,
  success: `Subject: Your mail has arrived

This is the mail system of {{hostname}}.

Your message of {{date}} is in the mailbox of:
${ARRIVED}You have asked for this notice.
`,
  relayed: `Subject: Your mail is on its way

This is the mail system of {{hostname}}.

Your message of {{date}} was taken by the next system, which sends no notices, for:
${ARRIVED}What becomes of it there, only that system can say. You have asked for this notice.
`,
  expanded: `Subject: Your mail was passed on

This is the mail system of {{hostname}}.

Your message of {{date}} went on to everybody that this address stands for:
${ARRIVED}What becomes of it there is not told to you. You have asked for this notice.
`,
};

export const DEFAULT_TEMPLATES: ReadonlyMap<TemplateKind, ReportTemplate> = new Map(
  TEMPLATE_KINDS.flatMap((kind) => {
    const parsed = parseTemplate(TEXTS[kind]);
    return parsed.ok ? [[kind, parsed.template] as const] : [];
  }),
);
