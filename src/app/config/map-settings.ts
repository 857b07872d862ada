/** The rows of `[maps]`: address tables as Postfix writes them, and whose host names are hidden. And `[forwarding]`. */

import { domains, texts, yesNo } from "./kinds.ts";
import { setting } from "./make-setting.ts";
import type { Group, Setting } from "./setting.ts";
import type { ForwardingSettings, MapSettings } from "./settings-shape.ts";

function files(doc: string, example?: string): Setting<readonly string[]> {
  return setting<readonly string[]>({
    schema: texts,
    default: [],
    type: "path, or a list of them",
    defaultText: "none",
    doc,
    ...(example !== undefined && { example }),
  });
}

export const MAPS: Group<MapSettings> = {
  kind: "group",
  doc: "Address tables in the text format of Postfix: a key, white space, what it leads to. Keys are `user@domain`, `user` (of a domain of ours), `@domain`; they are tried in this order, with the detail behind the delimiter first. The files are read again when they change. How an address is understood, step by step, is in docs/addresses.md.",
  members: {
    canonical: files(
      "An address is another one's spelling: senders and recipients, in the envelope, and in the header of mail that is submitted here.",
      '["/etc/posthorn/canonical"]',
    ),
    senderCanonical: files("The same for senders alone; asked before `canonical`."),
    recipientCanonical: files("The same for recipients alone; asked before `canonical`."),
    virtual: files(
      "Who gets the mail instead: one address or several. An address that names itself among them keeps its copy.",
      '["/etc/posthorn/virtual"]',
    ),
    relocated: files(
      "Who has gone, and where to: mail is refused with that text (551 when it is an address).",
    ),
    masqueradeDomains: setting<readonly string[]>({
      schema: domains,
      default: [],
      type: "domain, or a list of them",
      defaultText: "none",
      doc: "Names of hosts below these domains are hidden: anna@desk7.example.org becomes anna@example.org, as the sender and in the header of mail that is submitted here. The first that fits counts.",
      example: '["example.org"]',
    }),
    masqueradeExceptions: setting<readonly string[]>({
      schema: texts,
      default: [],
      type: "local part, or a list of them",
      defaultText: "none",
      doc: "Local parts that keep the name of their host.",
      example: '["root"]',
    }),
  },
};

export const FORWARDING: Group<ForwardingSettings> = {
  kind: "group",
  doc: "Mail that aliases send on to other hosts.",
  members: {
    srs: setting({
      schema: yesNo,
      default: true,
      type: "true or false",
      doc: "Mail from one foreign domain that an alias sends on to another goes out under a name of ours (SRS0=…), since many hosts take it only from hosts that SPF allows to send for the sender; reports come back by us. The alias's domain should have an SPF record that names this host: `posthorn dns check`.",
    }),
  },
};
