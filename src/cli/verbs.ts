/** The verbs and where each is. Only the one that is asked for is loaded. */

import type { Command } from "commander";

export type Verb = {
  readonly summary: string;
  readonly add: (program: Command) => Promise<void> | void;
  /** Faces and old names: they work, but are not listed. */
  readonly isHidden?: boolean;
};

export const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  [
    "serve",
    {
      summary: "run the mail server",
      add: async (program) => (await import("./serve-command.ts")).addServeCommand(program),
    },
  ],
  [
    "domain",
    {
      summary: "domains whose mail is ours",
      add: async (program) => (await import("./domain-command.ts")).addDomainCommand(program),
    },
  ],
  [
    "account",
    {
      summary: "people with a mailbox",
      add: async (program) => (await import("./account-command.ts")).addAccountCommand(program),
    },
  ],
  [
    "alias",
    {
      summary: "addresses that stand for others",
      add: async (program) => (await import("./alias-command.ts")).addAliasCommand(program),
    },
  ],
  [
    "acl",
    {
      summary: "who else may use a mailbox",
      add: async (program) => (await import("./acl-command.ts")).addAclCommand(program),
    },
  ],
  [
    "list",
    {
      summary: "mailing lists",
      add: async (program) => (await import("./list-command.ts")).addListCommand(program),
    },
  ],
  [
    "import",
    {
      summary: "bring mail from files or another server into an account",
      add: async (program) => (await import("./import-command.ts")).addImportCommand(program),
    },
  ],
  [
    "export",
    {
      summary: "write an account's mail to files or to another server",
      add: async (program) => (await import("./export-command.ts")).addExportCommand(program),
    },
  ],
  [
    "queue",
    {
      summary: "mail that waits to go on",
      add: async (program) => (await import("./queue-command.ts")).addQueueCommand(program),
    },
  ],
  [
    "trace",
    {
      summary: "where mail for an address would go",
      add: async (program) => (await import("./trace-command.ts")).addTraceCommand(program),
    },
  ],
  [
    "dns",
    {
      summary: "what mail needs of DNS",
      add: async (program) => (await import("./dns-command.ts")).addDnsCommand(program),
    },
  ],
  [
    "doctor",
    {
      summary: "check the store and the configuration",
      add: async (program) => (await import("./doctor-command.ts")).addDoctorCommand(program),
    },
  ],
  [
    "backup",
    {
      summary: "copy the data folder while the server runs",
      add: async (program) => (await import("./backup-command.ts")).addBackupCommand(program),
    },
  ],
  [
    "mail",
    {
      summary: "read and write mail in the terminal",
      add: async (program) => (await import("./mail-command.ts")).addMailCommand(program),
    },
  ],
  [
    "send",
    {
      summary: "send one message",
      add: async (program) => (await import("./send-command.ts")).addSendCommand(program),
    },
  ],
  [
    "lint",
    {
      summary: "what is wrong with a message, by RFC",
      add: async (program) => (await import("./lint-command.ts")).addLintCommand(program),
    },
  ],
  [
    "config",
    {
      summary: "check, show and document the configuration",
      add: async (program) => (await import("./config-command.ts")).addConfigCommand(program),
    },
  ],
  [
    "version",
    {
      summary: "print the version",
      add: async (program) => (await import("./version-command.ts")).addVersionCommand(program),
    },
  ],
  [
    "sendmail",
    {
      summary: "hand mail over, as sendmail does",
      isHidden: true,
      add: async (program) => (await import("./sendmail-command.ts")).addSendmailCommand(program),
    },
  ],
  [
    "mailq",
    {
      summary: "the queue, as `mailq` shows it",
      isHidden: true,
      add: async (program) => (await import("./queue-command.ts")).addMailqCommand(program),
    },
  ],
  [
    "newaliases",
    {
      summary: "nothing to do here: alias files are read when they change",
      isHidden: true,
      add: async (program) =>
        (await import("./newaliases-command.ts")).addNewaliasesCommand(program),
    },
  ],
]);
