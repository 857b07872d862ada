/** `[smtp]`: how the SMTP services treat their clients. */

import { askers, choice, duration, networks, size, wholeNumber } from "./kinds.ts";
import { setting } from "./make-setting.ts";
import type { Group, Setting } from "./setting.ts";
import type { SmtpSettings } from "./settings-shape.ts";

const peers = (doc: string, example: string): Setting<readonly string[]> =>
  setting<readonly string[]>({
    schema: networks,
    default: [],
    type: "network, or a list of them",
    defaultText: "none",
    doc,
    example,
  });

export const SMTP: Group<SmtpSettings> = {
  kind: "group",
  doc: "How the SMTP services treat their clients. When four fifths of `limits.connections` are taken, a new session gets no more than 10 seconds for a command, 30 for silence in a message, and ends at its first error, until there is room again.",
  members: {
    xclientFrom: peers(
      "Proxies that may say for whom they speak (Postfix's XCLIENT), the client's name and log-in too.",
      '"192.0.2.81"',
    ),
    xforwardFrom: peers(
      "Hosts that may say where a message came from (Postfix's XFORWARD), for the log alone.",
      '"192.0.2.82"',
    ),
    greetDelay: setting({
      schema: duration,
      default: 0,
      type: "time",
      defaultText: '"0s"',
      doc: "How long the greeting on `smtp` is held back, to see who does not wait for it: those are sent away.",
      example: '"3s"',
    }),
    strayLineEnds: setting({
      schema: choice("reject", "normalize"),
      default: "reject",
      type: '"reject" or "normalize"',
      doc: "A message with a CR or LF that stands alone is refused, or its line ends are made whole.",
    }),
    errors: setting({
      schema: wholeNumber(1, 1_000),
      default: 20,
      type: "number",
      doc: "Errors after which a session ends. From the half of it on, each answer is held back for a second.",
    }),
    junkCommands: setting({
      schema: wholeNumber(1, 10_000),
      default: 100,
      type: "number",
      doc: "Commands like NOOP, RSET and VRFY that a client may send between two messages; each further one is an error.",
    }),
    commandTime: setting({
      schema: duration,
      default: 300_000,
      type: "time",
      defaultText: '"5m"',
      doc: "For one command line, however it trickles in; also for silence within a message.",
    }),
    minDataRate: setting({
      schema: size,
      default: 500,
      type: "size in a second",
      defaultText: '"500B"',
      doc: "A message that comes more slowly is given up after its first minute.",
    }),
    longestHold: setting({
      schema: duration,
      default: 0,
      type: 'time; "0s" for not at all',
      defaultText: '"0s"',
      doc: "How far ahead a mail program may date the delivery of what it submits (FUTURERELEASE). The wait counts as time in the queue: it must be shorter than `queue.expireAfter`.",
      example: '"3d"',
    }),
    shortestDeliverBy: setting({
      schema: duration,
      default: 0,
      type: "time",
      defaultText: '"0s"',
      doc: "The least time in which a sender may want mail delivered or given back (DELIVERBY); mail that asks for less is refused at once.",
      example: '"2m"',
    }),
    messagesPerSession: setting({
      schema: wholeNumber(1, 1_000_000),
      default: 10_000,
      type: "number",
      doc: "Messages that a client may begin in one session. It is told so (LIMITS); one more ends the session.",
    }),
    uploadsGivenUp: setting({
      schema: wholeNumber(0, 1_000_000),
      default: 20,
      type: "number; 0 for any",
      doc: "Messages that one client of `smtp` may begin to send and not finish. Who has done so more often, without one that was taken, is turned away until ten minutes after the last. Not for `relay.networks`, nor on loopback.",
    }),
    vrfy: setting({
      schema: choice("cautious", "confirm", "refuse"),
      default: "cautious",
      type: '"cautious", "confirm" or "refuse"',
      doc: "The answer to VRFY. `cautious`: 252 for whatever is asked, so that nobody can harvest addresses. `confirm`: those in `verifyFrom` hear whether an address of ours exists. `refuse`: 502.",
    }),
    expn: setting({
      schema: choice("refuse", "aliases", "all"),
      default: "refuse",
      type: '"refuse", "aliases" or "all"',
      doc: "The answer to EXPN for those in `verifyFrom`: 502, where an alias leads, or the members of lists too. Everybody else gets 502.",
    }),
    verifyFrom: setting<readonly string[]>({
      schema: askers,
      default: [],
      type: '"authenticated", a network, or a list of them',
      defaultText: "nobody",
      doc: "Who may ask by VRFY and EXPN.",
      example: '["authenticated", "192.0.2.0/24"]',
    }),
    etrnFrom: setting<readonly string[]>({
      schema: askers,
      default: [],
      type: '"authenticated", a network, or a list of them',
      defaultText: "nobody",
      doc: "Who may have the mail that waits for one of `relay.domains` tried at once (ETRN). It goes where it always goes. Not offered to others.",
      example: '"192.0.2.25"',
    }),
  },
};
