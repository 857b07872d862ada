import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_TEMPLATES, TEMPLATE_KINDS } from "./default-templates.ts";
import type { ReportedRecipient } from "./reported.ts";
import { reportText } from "./report-text.ts";
import { parseTemplate } from "./report-template.ts";
import { ReportTemplates } from "./report-templates.ts";

const GERMAN = `Subject: Ihre Nachricht konnte nicht zugestellt werden

{{hostname}} meldet zu {{queueId}} von {{ sender }}, {{date}}:
{{#recipients}}
- {{recipient}} ({{status}})
  Sie schrieben an {{original}}.
  {{hint}}
{{/recipients}}
Ende.
`;

const message = { queueId: "Q1", reversePath: "anna@us.test", arrivedAtMs: 0 };

function recipient(more: Partial<ReportedRecipient> = {}): ReportedRecipient {
  return {
    recipient: "bob@far.test",
    originalRecipient: undefined,
    action: "failed",
    status: "5.1.1",
    problem: "no such\r\nuser",
    remoteHost: undefined,
    diagnostic: undefined,
    lastAttemptMs: undefined,
    willRetryUntilMs: undefined,
    ...more,
  };
}

async function withFolder(
  files: Record<string, string>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-texts-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      if (name.includes("/")) await mkdir(join(folder, name, ".."), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const facts = { kind: "failed", message, hostname: "mx.us.test", domain: "us.test" } as const;

test("every kind has a text of ours, in which nothing is left unfilled", () => {
  for (const kind of TEMPLATE_KINDS) assert.ok(DEFAULT_TEMPLATES.has(kind), kind);
  const own = new ReportTemplates({ folder: undefined, language: undefined });
  const each = (action: ReportedRecipient["action"], status: string): ReportedRecipient =>
    recipient({ action, status, originalRecipient: "rfc822;old@us.test" });
  const shown = [
    reportText({ ...facts, recipients: [each("failed", "5.1.1")] }, own),
    reportText({ ...facts, kind: "delayed", recipients: [each("delayed", "4.4.1")] }, own),
    reportText({ ...facts, kind: "success", recipients: [each("delivered", "2.0.0")] }, own),
    reportText({ ...facts, kind: "success", recipients: [each("relayed", "2.0.0")] }, own),
    reportText({ ...facts, kind: "success", recipients: [each("expanded", "2.1.5")] }, own),
  ];
  assert.equal(new Set(shown.map(({ subject }) => subject)).size, 5);
  for (const { text } of shown) {
    assert.match(text, /mx\.us\.test/);
    assert.match(text, /^ {2}bob@far\.test$/m);
    assert.match(text, /^ {4}You wrote to old@us\.test\.$/m);
    assert.doesNotMatch(text, /[{}]/);
  }
  assert.match(shown[0].text, /^ {4}no such user\n {4}There is no such mailbox/m);
  // A mixture is told as an arrival.
  const mixed = [each("relayed", "2.0.0"), each("delivered", "2.0.0")];
  assert.match(
    reportText({ ...facts, kind: "success", recipients: mixed }, own).subject,
    /arrived/,
  );
});

test("a site's texts: by the sender's domain, by language, for all; hints with them", () =>
  withFolder(
    {
      "de/failed.txt": GERMAN,
      "de/hints.txt": "5.1.1 Diese Adresse gibt es nicht.\n4 Der Weg ist versperrt.\n",
      "club.test/failed.txt": GERMAN.replace("Ihre", "Deine"),
      "delayed.txt": GERMAN.replace("nicht", "noch nicht"),
    },
    async (folder) => {
      const templates = new ReportTemplates({ folder, language: "de" });
      assert.deepEqual(await templates.load(), []);
      const both = [
        recipient({ originalRecipient: "rfc822;old@us.test" }),
        recipient({ recipient: "carl@far.test", status: "5.4.4" }),
      ];
      const german = reportText({ ...facts, recipients: both }, templates);
      assert.equal(german.subject, "Ihre Nachricht konnte nicht zugestellt werden");
      assert.equal(
        german.text,
        [
          "mx.us.test meldet zu Q1 von anna@us.test, Thu, 1 Jan 1970 00:00:00 +0000:",
          "- bob@far.test (5.1.1)",
          "  Sie schrieben an old@us.test.",
          "  Diese Adresse gibt es nicht.",
          "- carl@far.test (5.4.4)",
          "  Der Weg ist versperrt.",
          "Ende.",
          "",
        ].join("\n"),
      );
      const club = reportText({ ...facts, domain: "club.test", recipients: both }, templates);
      assert.match(club.subject, /^Deine/);
      const late = reportText({ ...facts, kind: "delayed", recipients: both }, templates);
      assert.match(late.subject, /noch nicht/);
      const arrived = reportText({ ...facts, kind: "success", recipients: both }, templates);
      assert.equal(arrived.subject, "Your mail has arrived");
    },
  ));

test("a file with a fault is told with its line and not used", () =>
  withFolder(
    {
      "failed.txt": GERMAN.replace("{{status}}", "{{stauts}}").replace("{{date}}", "{{until}}"),
      "delayed.txt": "no subject\nno blank line\n",
      "hints.txt": "5.1.1\n",
    },
    async (folder) => {
      const templates = new ReportTemplates({ folder, language: "fr" });
      const problems = await templates.load();
      assert.deepEqual(
        problems.map(
          ({ path, line, problem }) =>
            `${path.slice(folder.length)}:${line} ${problem.slice(0, 30)}`,
        ),
        [
          "/failed.txt:3 {{until}} is unknown; there ar",
          "/failed.txt:5 {{stauts}} is unknown; there a",
          "/delayed.txt:1 the first line must be Subject",
          "/delayed.txt:2 a blank line must follow the s",
          "/delayed.txt:3 it needs {{#recipients}} and {",
          '/hints.txt:1 "5.1.1" leads to nothing: writ',
          ':0 there is no folder "fr" in it',
        ],
      );
      const { subject } = reportText({ ...facts, recipients: [recipient()] }, templates);
      assert.equal(subject, "Your mail could not be delivered");
    },
  ));

test("security row 77: what a stranger wrote is text in a report, never a name to fill in", () => {
  const parsed = parseTemplate(GERMAN);
  assert.ok(parsed.ok);
  const own = new ReportTemplates({ folder: undefined, language: undefined });
  const evil = recipient({ problem: "{{hostname}} {{#recipients}}\r\nSubject: x" });
  const { text } = reportText({ ...facts, recipients: [evil] }, own);
  assert.match(text, /^ {4}\{\{hostname\}\} \{\{#recipients\}\} Subject: x$/m);
});
