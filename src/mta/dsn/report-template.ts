/**
 * The text of a report as a site may write it: a subject, a blank line, and text with `{{name}}` in
 * it. What stands between `{{#recipients}}` and `{{/recipients}}` is repeated for each of them; there
 * a line whose names all come to nothing is left out. Pure: reads no file.
 */

export type ReportNames = Readonly<Record<(typeof REPORT_NAMES)[number], string>>;
export type RecipientNames = Readonly<Record<(typeof RECIPIENT_NAMES)[number], string>>;

export const REPORT_NAMES = ["hostname", "date", "sender", "queueId"] as const;
export const RECIPIENT_NAMES = [
  "recipient",
  "original",
  "problem",
  "hint",
  "status",
  "until",
] as const;

export type ReportTemplate = {
  readonly subject: string;
  readonly before: readonly string[];
  readonly each: readonly string[];
  readonly after: readonly string[];
};

export type TemplateProblem = { readonly line: number; readonly problem: string };

export type ParsedTemplate =
  | { readonly ok: true; readonly template: ReportTemplate }
  | { readonly ok: false; readonly problems: readonly TemplateProblem[] };

const OPEN = "{{#recipients}}";
const CLOSE = "{{/recipients}}";
const NAME = /\{\{([^{}]*)\}\}/g;

export function parseTemplate(text: string): ParsedTemplate {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const problems: TemplateProblem[] = [];
  const [, subject] = /^Subject:\s*(\S.*?)\s*$/i.exec(lines[0]) ?? [];
  if (subject === undefined)
    problems.push({ line: 1, problem: "the first line must be Subject: …" });
  if (lines[1]?.trim() !== "") {
    problems.push({ line: 2, problem: "a blank line must follow the subject" });
  }
  const open = lines.findIndex((line) => line.trim() === OPEN);
  const close = lines.findIndex((line) => line.trim() === CLOSE);
  if (open < 2 || close < open) {
    problems.push({
      line: lines.length,
      problem: `it needs ${OPEN} and ${CLOSE}, each on its line`,
    });
  }
  for (const [index, line] of lines.entries()) {
    if (index === open || index === close) continue;
    const isInside = index > open && index < close;
    const known: readonly string[] = isInside
      ? [...REPORT_NAMES, ...RECIPIENT_NAMES]
      : REPORT_NAMES;
    for (const [, name] of line.matchAll(NAME)) {
      if (known.includes(name.trim())) continue;
      problems.push({
        line: index + 1,
        problem: `{{${name}}} is unknown; there are ${known.join(", ")}`,
      });
    }
  }
  if (problems.length > 0 || subject === undefined) return { ok: false, problems };
  const template = {
    subject,
    before: lines.slice(2, open),
    each: lines.slice(open + 1, close),
    after: lines.slice(close + 1),
  };
  return { ok: true, template };
}

export function renderTemplate(
  template: ReportTemplate,
  names: ReportNames,
  recipients: readonly RecipientNames[],
): { readonly subject: string; readonly text: string } {
  const known = new Map(Object.entries(names));
  const lines = [
    ...template.before.map((line) => fill(line, known).text),
    ...recipients.flatMap((recipient) => {
      const all = new Map([...known, ...Object.entries(recipient)]);
      return template.each.flatMap((line) => {
        const filled = fill(line, all);
        return filled.isEmpty ? [] : [filled.text];
      });
    }),
    ...template.after.map((line) => fill(line, known).text),
  ];
  return { subject: fill(template.subject, known).text, text: lines.join("\n") };
}

/** `isEmpty`: it has names, and all of them came to nothing. */
function fill(
  line: string,
  names: ReadonlyMap<string, string>,
): { readonly text: string; readonly isEmpty: boolean } {
  let found = 0;
  let empty = 0;
  const text = line.replaceAll(NAME, (_, name: string) => {
    const value = names.get(name.trim()) ?? "";
    found++;
    if (value === "") empty++;
    return value;
  });
  return { text, isEmpty: found > 0 && found === empty };
}
