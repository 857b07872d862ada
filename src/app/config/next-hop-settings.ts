/** `[smarthost]` and `[[routes]]`: other servers that our mail goes to. */

import { choice, domainPattern, nextHopHost, optional, text, wholeNumber, yesNo } from "./kinds.ts";
import { setting, type Facts } from "./make-setting.ts";
import type { Group, RepeatedGroup } from "./setting.ts";
import type { RouteSettings, SmarthostSettings, TlsLevel } from "./settings-shape.ts";

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
    implicitTls: setting({
      schema: yesNo,
      default: false,
      type: "true or false",
      doc: "TLS from the first octet (port 465).",
    }),
    user: USER,
    password: PASSWORD,
  },
};

export const ROUTES: RepeatedGroup<RouteSettings> = {
  kind: "repeated",
  doc: "Fixed ways for some domains, before the smarthost and before DNS. The most exact domain wins.",
  members: {
    domain: setting({
      schema: domainPattern,
      default: "",
      isRequired: true,
      type: "domain, .domain for all below it, or *",
      doc: "The recipients' domain.",
      example: '"example.net"',
    }),
    host: setting({
      schema: nextHopHost,
      default: "",
      isRequired: true,
      type: "host name, or an address in brackets",
      doc: "Where their mail goes.",
      example: '"[192.0.2.25]"',
    }),
    port: setting({
      schema: wholeNumber(1, 65_535),
      default: 25,
      type: "port",
      doc: "Its port.",
    }),
    tls: setting(TLS_LEVEL),
    implicitTls: setting({
      schema: yesNo,
      default: false,
      type: "true or false",
      doc: "TLS from the first octet.",
    }),
    user: USER,
    password: PASSWORD,
  },
};
