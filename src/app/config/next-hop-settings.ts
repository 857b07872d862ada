/** `[smarthost]`, `[[transports]]` and `[[routes]]`: the ways on which mail leaves us. What they must be together, `read-routes.ts` says. */

import { DEFAULT_PIPE_MEMORY_OCTETS, DEFAULT_PIPE_TIMEOUT_MS } from "../../mta/transport.ts";
import {
  choice,
  domainPattern,
  duration,
  hopPlaces,
  mailAddress,
  nextHopHost,
  optional,
  senderPattern,
  size,
  text,
  texts,
  transportName,
  wholeNumber,
  yesNo,
  type HopPlace,
} from "./kinds.ts";
import { setting, type Facts } from "./make-setting.ts";
import type { Group, RepeatedGroup, Setting } from "./setting.ts";
import type {
  RouteSettings,
  SmarthostSettings,
  TlsLevel,
  TransportSettings,
} from "./settings-shape.ts";

const IMPLICIT_TLS: Facts<boolean> = {
  schema: yesNo,
  default: false,
  type: "true or false",
  doc: "TLS from the first octet (port 465).",
};

export const TLS_LEVEL: Facts<TlsLevel> = {
  schema: choice("never", "may", "require", "verify"),
  default: "may",
  type: '"never", "may", "require" or "verify"',
  doc: "TLS towards this host: `may` takes it when offered, with any certificate; `require` takes it or does not send; `verify` wants a certificate for the host's name too.",
};

const OPTIONAL_TEXT = {
  schema: optional(text),
  default: undefined,
  type: "text",
  defaultText: "none",
} as const;

const USER = setting({
  ...OPTIONAL_TEXT,
  doc: "Log in there under this name.",
  example: '"anna@example.org"',
});

const PASSWORD = setting({
  ...OPTIONAL_TEXT,
  doc: "And this password. Used over TLS only. The file should then be readable by its owner alone.",
  example: '"correct horse"',
});

const TRANSPORT_EXAMPLE = `[[transports]]
name = "dovecot"
kind = "lmtp"
hosts = "/run/dovecot/lmtp"

[[transports]]
name = "tickets"
kind = "pipe"
command = ["/usr/bin/rt-mailgate", "--queue", "{user}"]
runAs = "nobody"

[[transports]]
name = "closed"
kind = "error"
code = 550
status = "5.1.6"
text = "This department has closed"`;

const ROUTE_EXAMPLE = `[[routes]]
domain = "example.net"
transport = "dovecot"

[[routes]]
recipient = "tickets@example.org"
transport = "tickets"

[[routes]]
sender = "@example.com"
host = "smtp.example.com"
port = 587
tls = "verify"`;

export const SMARTHOST: Group<SmarthostSettings> = {
  kind: "group",
  doc: "Another server that takes all our mail for other domains, instead of the servers that DNS names.",
  members: {
    host: setting({
      schema: optional(nextHopHost),
      default: undefined,
      type: "host name, or an address in brackets",
      defaultText: "none: DNS decides",
      doc: "The smarthost.",
      example: '"smtp.example.net"',
    }),
    port: setting({
      schema: wholeNumber(1, 65_535),
      default: 587,
      type: "port",
      doc: "Its port.",
    }),
    tls: setting({ ...TLS_LEVEL, default: "verify" }),
    implicitTls: setting(IMPLICIT_TLS),
    user: USER,
    password: PASSWORD,
  },
};

export const TRANSPORTS: RepeatedGroup<TransportSettings> = {
  kind: "repeated",
  doc: "Named ways for mail to leave the queue, for `[[routes]]` and, as `:transport:NAME`, for alias files. All of them are tried again and reported on like mail to other servers.",
  example: TRANSPORT_EXAMPLE,
  members: {
    name: setting({
      schema: transportName,
      default: "",
      isRequired: true,
      type: "a word",
      doc: "Its name. `local`, `smtp` and `discard` are there already.",
      example: '"dovecot"',
    }),
    kind: setting({
      schema: choice("smarthost", "lmtp", "pipe", "maildir", "mbox", "error", "discard"),
      default: "smarthost",
      isRequired: true,
      type: '"smarthost", "lmtp", "pipe", "maildir", "mbox", "error" or "discard"',
      doc: "`smarthost`: fixed servers. `lmtp`: another server's mailboxes. `pipe`: a program. `maildir`, `mbox`: files. `error`: refused. `discard`: taken and dropped, with a line in the log.",
      example: '"lmtp"',
    }),
    hosts: setting<readonly HopPlace[]>({
      schema: hopPlaces,
      default: [],
      type: "host:port, the path of a Unix socket (LMTP), or a list of them",
      defaultText: "none",
      doc: "`smarthost`, `lmtp`: where to, tried in this order. Without a port 25, or 24 for LMTP.",
      example: '["smtp1.example.net:587", "smtp2.example.net:587"]',
    }),
    tls: setting(TLS_LEVEL),
    implicitTls: setting(IMPLICIT_TLS),
    user: USER,
    password: PASSWORD,
    path: setting({
      ...OPTIONAL_TEXT,
      doc: "`maildir`, `mbox`: the folder or file, with `{user}`, `{domain}`, `{detail}` where the recipient's belong. With `{user}` in it, what is missing is an unknown user; otherwise it is made.",
      example: '"/srv/mail/{domain}/{user}"',
    }),
    detailFolder: setting({
      schema: yesNo,
      default: false,
      type: "true or false",
      doc: "`maildir`: mail for anna+shop goes into the subfolder `.shop`, if there is one.",
    }),
    command: setting<readonly string[]>({
      schema: texts,
      default: [],
      type: "list of words",
      defaultText: "none",
      doc: "`pipe`: the program by its absolute path, then its arguments; no shell. `{recipient}`, `{sender}`, `{user}`, `{detail}`, `{domain}`, `{queueId}` stand for their values. It reads the message, and its exit code counts as in sysexits.h.",
      example: '["/usr/bin/rt-mailgate", "--queue", "{user}"]',
    }),
    timeout: setting({
      schema: duration,
      default: DEFAULT_PIPE_TIMEOUT_MS,
      type: "time",
      defaultText: '"1000s"',
      doc: "`pipe`: how long it may take; then it is ended and tried again later.",
    }),
    memory: setting({
      schema: size,
      default: DEFAULT_PIPE_MEMORY_OCTETS,
      type: 'size; "0MB" for no bound',
      defaultText: '"1GB"',
      doc: "`pipe`: how much memory it may have, where the system has prlimit(1).",
    }),
    runAs: setting({
      ...OPTIONAL_TEXT,
      doc: "`pipe`, `maildir`, `mbox`: who runs the program or owns the files when the server is root; never root. A name, or uid:gid.",
      example: '"nobody"',
    }),
    code: setting({
      schema: wholeNumber(400, 599),
      default: 550,
      type: "number",
      doc: "`error`: 5xx sends the mail back; 4xx lets it wait.",
    }),
    status: setting({
      ...OPTIONAL_TEXT,
      defaultText: "5.1.0 or 4.3.0",
      doc: "`error`: the enhanced status (RFC 3463).",
      example: '"5.1.6"',
    }),
    text: setting({
      ...OPTIONAL_TEXT,
      doc: "`error`: what the sender is told.",
      example: '"This department has closed"',
    }),
  },
};

/** A condition or a way that a route may do without. */
function maybe(
  schema: Setting<string>["schema"],
  facts: Pick<Setting<string | undefined>, "type" | "doc" | "example">,
): Setting<string | undefined> {
  return setting({ schema: optional(schema), default: undefined, defaultText: "any", ...facts });
}

export const ROUTES: RepeatedGroup<RouteSettings> = {
  kind: "repeated",
  doc: "Ways for some mail, before the smarthost and before DNS. All conditions that a route names must hold. The most exact one wins: by recipient (address, domain, .domain, `*`), then by account, sender, sender's domain; then the one that stands first. For domains of ours, the route of a recipient comes before the mailbox, that of a domain takes the addresses that have none, and others do not count.",
  example: ROUTE_EXAMPLE,
  members: {
    domain: maybe(domainPattern, {
      type: "domain, .domain for all below it, or *",
      doc: "The recipients' domain.",
      example: '"example.net"',
    }),
    recipient: maybe(mailAddress, {
      type: "mail address",
      doc: "One recipient, with or without a detail.",
      example: '"tickets@example.org"',
    }),
    sender: maybe(senderPattern, {
      type: "mail address, @domain, or <>",
      doc: "Who sends.",
      example: '"@example.org"',
    }),
    account: maybe(mailAddress, {
      type: "address of an account",
      doc: "Who has submitted it.",
      example: '"anna@example.org"',
    }),
    transport: setting({
      ...OPTIONAL_TEXT,
      doc: "Which way: the name of one of `[[transports]]`, `smtp` (what DNS names), `local` (our mailboxes) or `discard`. Or give a host:",
      example: '"dovecot"',
    }),
    host: setting({
      schema: optional(nextHopHost),
      default: undefined,
      type: "host name, or an address in brackets",
      defaultText: "none",
      doc: "Where their mail goes, instead of a transport.",
      example: '"[192.0.2.25]"',
    }),
    port: setting({
      schema: wholeNumber(1, 65_535),
      default: 25,
      type: "port",
      doc: "The host's port.",
    }),
    tls: setting(TLS_LEVEL),
    implicitTls: setting(IMPLICIT_TLS),
    user: USER,
    password: PASSWORD,
  },
};
