/** The members of `[[rules]]`: a table of its own, because it is long. What they may be together, `read-rules.ts` says. */

import { RULE_STAGES } from "../../mta/policy/rule.ts";
import {
  choice,
  networks,
  optional,
  services,
  size,
  text,
  texts,
  wholeNumber,
  yesNo,
} from "./kinds.ts";
import type { Setting, Table } from "./setting.ts";
import type { RuleSettings } from "./settings-shape.ts";

const SINCE = { kind: "setting", since: "0.1.0", effect: "reload" } as const;

function patterns(type: string, doc: string, example: string): Setting<readonly string[]> {
  return { ...SINCE, schema: texts, default: [], type, defaultText: "any", doc, example };
}

function condition<T>(facts: Pick<Setting<T | undefined>, "schema" | "type" | "doc" | "example">) {
  return { ...SINCE, default: undefined, defaultText: "any", ...facts };
}

function answer<T>(
  facts: Pick<Setting<T | undefined>, "schema" | "type" | "doc" | "example" | "defaultText">,
): Setting<T | undefined> {
  return { ...SINCE, default: undefined, ...facts };
}

const ADDRESS_PATTERN =
  'address, domain, .domain for all below it, pattern such as "news-*@example.net", or a list of them';

export const RULE_MEMBERS: Table<RuleSettings> = {
  name: answer<string>({
    schema: optional(text),
    type: "text",
    defaultText: '"rule 1", "rule 2" …',
    doc: "What the log calls it.",
    example: '"no lottery"',
  }),
  stage: {
    ...SINCE,
    schema: choice(...RULE_STAGES),
    default: "recipient",
    isRequired: true,
    type: '"connect", "helo", "sender", "recipient" or "data"',
    doc: "When it is asked: before our greeting, at HELO or EHLO, at MAIL, at each RCPT, or once the whole message has come.",
    example: '"data"',
  },
  service: {
    ...SINCE,
    schema: services,
    default: [],
    type: '"smtp", "submission", "lmtp", or a list of them',
    defaultText: "all",
    doc: "On these services only.",
    example: '"smtp"',
  },
  client: {
    ...SINCE,
    schema: networks,
    default: [],
    type: "network, or a list of them",
    defaultText: "any",
    doc: "The client's address is in one of these.",
    example: '["192.0.2.0/24", "2001:db8::/32"]',
  },
  clientName: patterns(
    "pattern, or a list of them",
    "The client's host name, as DNS confirms it both ways; `unknown` where it does not. Clients then wait for DNS before we greet them.",
    '"*.dynamic.example.net"',
  ),
  helo: patterns(
    "pattern, or a list of them",
    "What the client calls itself. From stage `helo` on.",
    '"localhost*"',
  ),
  sender: patterns(
    `${ADDRESS_PATTERN}; "<>" for reports`,
    "The envelope's sender. From stage `sender` on.",
    '["example.net", ".example.net"]',
  ),
  recipient: patterns(
    ADDRESS_PATTERN,
    "The envelope's recipient. At stage `recipient`.",
    '"sales@example.org"',
  ),
  account: patterns(
    ADDRESS_PATTERN,
    "Who has logged in. From stage `sender` on.",
    '"anna@example.org"',
  ),
  authenticated: condition<boolean>({
    schema: optional(yesNo),
    type: "true or false",
    doc: "Somebody has logged in, or nobody has. From stage `sender` on.",
    example: "false",
  }),
  tls: condition<boolean>({
    schema: optional(yesNo),
    type: "true or false",
    doc: "The connection is under TLS, or it is not.",
    example: "false",
  }),
  largerThan: condition<number>({
    schema: optional(size),
    type: "size",
    doc: "The message is larger: at stages `sender` and `recipient` as the client announces it, at `data` in truth.",
    example: '"10MB"',
  }),
  header: patterns(
    'field name, ":" and a pattern for its whole text, or a list of them',
    "The message has such a field; encoded words are read. At stage `data`.",
    '["Subject: *lottery*", "X-Spam-Flag: YES"]',
  ),
  action: {
    ...SINCE,
    schema: choice("allow", "refuse", "defer", "hold", "discard", "tag"),
    default: "allow",
    isRequired: true,
    type: '"allow", "refuse", "defer", "hold", "discard" or "tag"',
    doc: "`allow`: no further rule of this stage is asked. `refuse`: no, for good. `defer`: not now, come back later. `hold`: taken, but it waits in the queue for `posthorn queue release`. `discard`: taken and dropped; at stage `recipient` this recipient's copy alone. `tag`: a header field is added. The last three need stage `sender` or later.",
    example: '"refuse"',
  },
  code: answer<number>({
    schema: optional(wholeNumber(400, 599)),
    type: "number",
    defaultText: "refuse: 550, at `connect` 554; defer: 450, at `connect` 421",
    doc: "The answer's code. For `refuse` 521, 530, 550 to 554 or 556, for `defer` 421, 450, 451 or 452.",
    example: "554",
  }),
  status: answer<string>({
    schema: optional(text),
    type: "text",
    defaultText: '"5.7.1" or "4.7.1"',
    doc: "The answer's enhanced status code (RFC 3463).",
    example: '"5.7.26"',
  }),
  text: answer<string>({
    schema: optional(text),
    type: "text",
    defaultText: "a general sentence",
    doc: "What `refuse` and `defer` tell the client, or why `hold` holds it.",
    example: '"We take no lottery tickets"',
  }),
  field: answer<string>({
    schema: optional(text),
    type: "text",
    defaultText: "none: `tag` needs one",
    doc: "The header field that `tag` adds.",
    example: '"X-Filter: newsletter"',
  }),
};

export const RULE_EXAMPLE = `[[rules]]
name = "our monitoring"
stage = "connect"
client = "192.0.2.7"
action = "allow"

[[rules]]
name = "that network again"
stage = "connect"
client = ["198.51.100.0/24", "2001:db8:bad::/48"]
action = "refuse"
text = "Your network sends us nothing but spam; write to postmaster@example.org"

[[rules]]
name = "newsletters are marked"
stage = "recipient"
service = "smtp"
sender = ["news-*@example.net", ".bulk.example.net"]
recipient = ["anna@example.org", "ben@example.org"]
action = "tag"
field = "X-Filter: newsletter"

[[rules]]
name = "gone"
stage = "recipient"
recipient = "old-shop@example.org"
action = "refuse"
code = 550
status = "5.1.6"
text = "The shop has moved: shop@example.net"

[[rules]]
name = "large mail of guests"
stage = "data"
account = "guest-*@example.org"
largerThan = "10MB"
action = "hold"
text = "larger than guests may send"

[[rules]]
name = "no lottery"
stage = "data"
authenticated = false
header = ["Subject: *lottery*", "X-Spam-Flag: YES"]
action = "discard"`;
