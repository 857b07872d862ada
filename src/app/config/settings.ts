/**
 * The one table of settings: names, types, defaults and what each is for. posthorn.toml is checked
 * with it and docs/config.md is made from it. To add a setting: a member in `settings-shape.ts` and a row here.
 */

import {
  choice,
  delimiter,
  dnsServers,
  domains,
  duration,
  endpoints,
  endpointsOrPaths,
  families,
  hopPlaces,
  hostName,
  mailAddress,
  networks,
  optional,
  size,
  text,
  texts,
  wholeNumber,
} from "./kinds.ts";
import type { HopPlace, HostPort } from "./kinds.ts";
import { IMAP } from "./imap-settings.ts";
import { setting } from "./make-setting.ts";
import { FORWARDING, MAPS } from "./map-settings.ts";
import { REPORTS } from "./report-settings.ts";
import { POP3 } from "./pop3-settings.ts";
import { ROUTES, SMARTHOST, TLS_LEVEL, TRANSPORTS } from "./next-hop-settings.ts";
import { OAUTH } from "./oauth-settings.ts";
import type { Setting, Table } from "./setting.ts";
import { SMTP } from "./smtp-settings.ts";
import { DESTINATIONS, QUEUE } from "./queue-settings.ts";
import { RULE_EXAMPLE, RULE_MEMBERS } from "./rule-settings.ts";
import type { Settings } from "./settings-shape.ts";
import { STORE } from "./store-settings.ts";

function listener(port: number, doc: string): Setting<readonly HostPort[]> {
  return setting<readonly HostPort[]>({
    schema: endpoints,
    default: [{ host: "127.0.0.1", port }],
    type: "address and port, or a list of them; [] for none",
    defaultText: `"127.0.0.1:${port}"`,
    doc,
  });
}

export const SETTINGS: Table<Settings> = {
  hostname: setting({
    schema: hostName,
    default: "localhost",
    type: "host name",
    defaultText: "the name of this machine",
    doc: "Our name in greetings, Received fields, Message-IDs and reports. Other servers check that it leads to our address and back.",
    example: '"mail.example.org"',
  }),
  dataFolder: setting({
    schema: text,
    default: "posthorn-data",
    type: "path",
    defaultText: '"posthorn-data", beside the configuration file',
    doc: "Everything that Posthorn keeps: accounts, mail, queue, its own certificate. `$POSTHORN_DATA` and `--data` go before it.",
    example: '"/var/lib/posthorn"',
  }),
  listen: {
    kind: "group",
    doc: "Where each service listens. Each setting takes one address with port, or a list. On a server with a name of its own these are the well-known ports: 25, 587, 465, 143, 993, 110, 995.",
    members: {
      smtp: listener(2525, "Mail from other servers (STARTTLS is offered)."),
      submission: listener(2587, "Mail from mail programs that have logged in, STARTTLS."),
      submissions: listener(2465, "The same with TLS from the first octet (RFC 8314)."),
      lmtp: setting<readonly HostPort[]>({
        schema: endpointsOrPaths,
        default: [],
        type: "address and port, path of a Unix socket, or a list of them",
        defaultText: "none",
        doc: "LMTP (RFC 2033): another mail server hands over mail for our own mailboxes and hears for each recipient whether it is there. Nobody logs in: let only that server reach it. Whoever may enter the socket's folder may use it.",
        example: '["/run/posthorn/lmtp"]',
      }),
      imap: listener(2143, "IMAP with STARTTLS."),
      imaps: listener(2993, "IMAP with TLS from the first octet."),
      pop3: listener(2110, "POP3 with STLS."),
      pop3s: listener(2995, "POP3 with TLS from the first octet."),
      metrics: setting<readonly HostPort[]>({
        schema: endpoints,
        default: [],
        type: "address and port, or a list of them",
        defaultText: "none",
        doc: "Numbers for Prometheus over plain HTTP, at `/metrics`, and `/health`. They name destinations and are shown to whoever asks: let only your own machines reach it.",
        example: '["127.0.0.1:2080"]',
      }),
    },
  },
  tls: {
    kind: "group",
    doc: "Certificates and what we accept of TLS.",
    members: {
      certificates: {
        kind: "repeated",
        doc: "Certificates, chosen by the name that a client asks for; the first is for all others. With none, Posthorn makes one of its own, which mail programs will warn about. Renewed files are read at SIGHUP.",
        members: {
          certificate: setting({
            schema: text,
            default: "",
            isRequired: true,
            type: "path of a PEM file: the certificate and its chain",
            doc: "The certificate and the chain to its issuer.",
            example: '"/etc/letsencrypt/live/mail.example.org/fullchain.pem"',
            effect: "reload",
          }),
          key: setting({
            schema: text,
            default: "",
            isRequired: true,
            type: "path of a PEM file: the private key",
            doc: "Its private key.",
            example: '"/etc/letsencrypt/live/mail.example.org/privkey.pem"',
            effect: "reload",
          }),
        },
      },
      clientAnchors: setting<readonly string[]>({
        schema: texts,
        default: [],
        type: "path of a PEM file, or a list of them",
        defaultText: "none: clients are not asked for certificates",
        doc: "Authorities whose client certificates we accept for logging in without a password (AUTH EXTERNAL): one that names an account's mail address opens that account. Their certificates; on submission, IMAP and POP3.",
        example: '["/etc/posthorn/people-ca.pem"]',
      }),
      minVersion: setting({
        schema: choice("TLSv1.2", "TLSv1.3"),
        default: "TLSv1.2",
        type: '"TLSv1.2" or "TLSv1.3"',
        doc: "The oldest TLS that clients may use with us.",
      }),
    },
  },
  log: {
    kind: "group",
    doc: "The log goes to standard output, one event a line.",
    members: {
      level: setting({
        schema: choice("debug", "info", "warn", "error"),
        default: "info",
        type: '"debug", "info", "warn" or "error"',
        doc: "The least important events that are still written.",
        effect: "reload",
      }),
      format: setting({
        schema: choice("auto", "json", "text"),
        default: "auto",
        type: '"auto", "json" or "text"',
        doc: "`auto`: text for a person on a terminal, JSON lines otherwise.",
      }),
    },
  },
  store: STORE,
  limits: {
    kind: "group",
    doc: "What one client, and all of them, may take.",
    members: {
      connections: setting({
        schema: wholeNumber(1, 1_000_000),
        default: 10_000,
        type: "number",
        doc: "Connections over all services. Never more than the limit of open files (`ulimit -n`) leaves room for.",
      }),
      connectionsPerClient: setting({
        schema: wholeNumber(1, 1_000_000),
        default: 250,
        type: "number",
        doc: "Connections to one service from one IPv4 address or one IPv6 /64. Loopback is not counted.",
      }),
      messageSize: setting({
        schema: size,
        default: 52_428_800,
        type: "size",
        defaultText: '"50MB"',
        doc: "The largest message that is taken.",
      }),
      recipientsPerMessage: setting({
        schema: wholeNumber(100, 100_000),
        default: 1_000,
        type: "number, at least 100 (RFC 5321 §4.5.3.1.8)",
        doc: "Recipients of one message.",
      }),
      drainTime: setting({
        schema: duration,
        default: 20_000,
        type: "time",
        defaultText: '"20s"',
        doc: "How long sessions may go on once Posthorn was told to stop.",
      }),
    },
  },
  proxy: {
    kind: "group",
    doc: "A load balancer before us that tells whose connections it passes on (the PROXY protocol, version 1 or 2).",
    members: {
      from: setting<readonly string[]>({
        schema: networks,
        default: [],
        type: "network, or a list of them",
        defaultText: "none",
        doc: "Hosts whose connections begin with a PROXY header, before TLS too, on every service with a port. They must then send one, and are believed: name no host that clients can reach us from. `limits.connectionsPerClient` counts the clients that they name.",
        example: '"192.0.2.80"',
      }),
    },
  },
  smtp: SMTP,
  imap: IMAP,
  pop3: POP3,
  login: {
    kind: "group",
    doc: "How people prove who they are.",
    members: {
      allowPlaintextAuth: setting({
        schema: choice("loopback", "never", "always"),
        default: "loopback",
        type: '"loopback", "never" or "always"',
        doc: "Whether a password may be given without TLS. `loopback`: only on a service that listens on loopback addresses alone, which nobody else can reach or overhear. `always` is for networks that are protected by other means.",
      }),
      oauth: OAUTH,
    },
  },
  relay: {
    kind: "group",
    doc: "Mail for other domains is taken only from those who have logged in, and from and for these.",
    members: {
      networks: setting<readonly string[]>({
        schema: networks,
        default: [],
        type: "network, or a list of them",
        defaultText: "none",
        doc: "Hosts that may send to anywhere without logging in. Not even loopback by default: behind a port forwarder every stranger comes from there.",
        example: '["192.0.2.0/24"]',
      }),
      domains: setting<readonly string[]>({
        schema: domains,
        default: [],
        type: "domain, or a list of them",
        defaultText: "none",
        doc: "Domains whose mail we pass on for anybody, as their backup mail exchanger.",
        example: '["example.net"]',
      }),
      verify: setting({
        schema: choice("no", "callout"),
        default: "no",
        type: '"no" or "callout"',
        doc: "`callout`: whether an address of these domains exists is asked of their server before its mail is taken. What it said is remembered; while it is not known, senders are told to come again.",
      }),
      verifySenders: setting({
        schema: choice("no", "callout"),
        default: "no",
        type: '"no" or "callout"',
        doc: "`callout`: the same for the senders of mail from strangers. It costs their servers work: not for busy hosts.",
      }),
    },
  },
  rules: {
    kind: "repeated",
    doc: "Who may do what: rules for mail that comes in, asked at their stage in the order in which they stand here. Of each stage the first that fits decides; all the conditions that it names must hold, of a list one. No rule opens the relay or makes an address exist: that stays with `[relay]` and the addresses there are. Each decision is in the log with the rule's name. In patterns `*` stands for any characters.",
    example: RULE_EXAMPLE,
    members: RULE_MEMBERS,
  },
  addresses: {
    kind: "group",
    doc: "How local addresses are understood. Domains, accounts, aliases and lists themselves are not here: `posthorn domain|account|alias|list`.",
    members: {
      recipientDelimiter: setting({
        schema: delimiter,
        default: "+",
        type: "one character, or empty for none",
        doc: "What follows it in a local part is a detail that does not change the mailbox: anna+shop is anna.",
      }),
      postmaster: setting({
        schema: optional(mailAddress),
        default: undefined,
        type: "mail address",
        defaultText: "the oldest account",
        doc: "Where mail for postmaster and abuse goes in domains that have no such address of their own (RFC 5321 §4.5.1).",
        example: '"anna@example.org"',
      }),
    },
  },
  aliasFiles: {
    kind: "repeated",
    doc: "Files in the format of sendmail's aliases(5), beside the aliases that Posthorn keeps itself. They are read again when they change.",
    members: {
      path: setting({
        schema: text,
        default: "",
        isRequired: true,
        type: "path",
        doc: "The file.",
        example: '"/etc/aliases"',
      }),
      domains: setting<readonly string[]>({
        schema: domains,
        default: [],
        type: "domain, or a list of them",
        defaultText: "all local domains",
        doc: "The local domains whose addresses it maps.",
      }),
      includeFolders: setting<readonly string[]>({
        schema: texts,
        default: [],
        type: "path, or a list of them",
        defaultText: "none",
        doc: "`:include:` files are read below these folders only.",
      }),
      fileFolders: setting<readonly string[]>({
        schema: texts,
        default: [],
        type: "path, or a list of them",
        defaultText: "none",
        doc: "Targets such as `/srv/mail/archive` (an mbox) or `/srv/mail/archive/` (a Maildir) are written below these folders only.",
      }),
      commands: setting<readonly string[]>({
        schema: texts,
        default: [],
        type: "path, or a list of them",
        defaultText: "none",
        doc: "Programs that targets such as `|/usr/bin/filter --quiet` may run. No shell reads the rest of the line.",
      }),
      user: setting({
        schema: optional(text),
        default: undefined,
        type: "name, or uid:gid",
        defaultText: "none",
        doc: "Who runs the programs and owns the files when the server is root; never root.",
        example: '"nobody"',
      }),
    },
  },
  maps: MAPS,
  forwarding: FORWARDING,
  smarthost: SMARTHOST,
  transports: TRANSPORTS,
  routes: ROUTES,
  queue: QUEUE,
  reports: REPORTS,
  destinations: DESTINATIONS,
  remote: {
    kind: "group",
    doc: "How we send to other servers.",
    members: {
      port: setting({
        schema: wholeNumber(1, 65_535),
        default: 25,
        type: "port",
        doc: "The port of other mail servers. Anything but 25 is for tests.",
      }),
      tls: setting(TLS_LEVEL),
      connectTimeout: setting({
        schema: duration,
        default: 30_000,
        type: "time",
        defaultText: '"30s"',
        doc: "How long a server may take to answer our call.",
      }),
      families: setting<readonly ("ipv4" | "ipv6")[]>({
        schema: families,
        default: ["ipv6", "ipv4"],
        type: '"ipv4", "ipv6", or a list of them',
        doc: "Kinds of addresses to use, the preferred one first.",
      }),
      ownHosts: setting<readonly string[]>({
        schema: texts,
        default: [],
        type: "host name or address, or a list of them",
        defaultText: "none",
        doc: "Names and addresses under which the world knows us, beside `hostname`: an MX record with one of them is ourselves.",
      }),
      fallbackRelay: setting<readonly HopPlace[]>({
        schema: hopPlaces,
        default: [],
        type: "host:port, or a list of them",
        defaultText: "none",
        doc: "Servers to try when no server of a domain could be reached, or DNS gave no answer for it.",
        example: '["relay.example.net"]',
      }),
    },
  },
  dns: {
    kind: "group",
    doc: "The name servers that are asked.",
    members: {
      servers: setting<readonly HostPort[]>({
        schema: dnsServers,
        default: [],
        type: "address, or a list of them",
        defaultText: "those of /etc/resolv.conf",
        doc: "Recursive name servers. One that validates DNSSEC, on this machine, is best.",
        example: '["127.0.0.1"]',
      }),
      timeout: setting({
        schema: duration,
        default: 5_000,
        type: "time",
        defaultText: '"5s"',
        doc: "For one question to one server.",
      }),
      attempts: setting({
        schema: wholeNumber(1, 5),
        default: 2,
        type: "number from 1 to 5",
        doc: "Rounds through the servers.",
      }),
    },
  },
};
