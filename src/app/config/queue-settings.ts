/** `[queue]` and `[[destinations]]`: when mail is tried, and how much of it at once. */

import { domainPattern, duration, numberBetween, optional, wholeNumber } from "./kinds.ts";
import { setting } from "./make-setting.ts";
import type { Group, RepeatedGroup } from "./setting.ts";
import type { DestinationSettings, QueueSettings } from "./settings-shape.ts";

export const QUEUE: Group<QueueSettings> = {
  kind: "group",
  doc: "Mail that could not be delivered at once.",
  members: {
    firstRetry: setting({
      schema: duration,
      default: 300_000,
      type: "time",
      defaultText: '"5m"',
      doc: "The wait after the first failed attempt.",
    }),
    retryGrowth: setting({
      schema: numberBetween(1, 10),
      default: 1.6,
      type: "number from 1 to 10",
      doc: "Each further wait is so many times longer …",
    }),
    longestRetry: setting({
      schema: duration,
      default: 4_000_000,
      type: "time",
      defaultText: '"4000s"',
      doc: "… up to this.",
    }),
    expireAfter: setting({
      schema: duration,
      default: 432_000_000,
      type: "time",
      defaultText: '"5d"',
      doc: "When we give up and the sender is told so.",
    }),
    delayNoticeAfter: setting({
      schema: duration,
      default: 14_400_000,
      type: 'time; "0s" for never',
      defaultText: '"4h"',
      doc: "When the sender is told that the message is late.",
    }),
    concurrency: setting({
      schema: wholeNumber(1, 10_000),
      default: 100,
      type: "number",
      doc: "Deliveries under way at once.",
    }),
    concurrencyPerDestination: setting({
      schema: wholeNumber(1, 1_000),
      default: 20,
      type: "number",
      doc: "Of these, to one destination at most; domains with the same exchangers count as one. It begins with five, and comes to this as deliveries succeed.",
    }),
  },
};

export const DESTINATIONS: RepeatedGroup<DestinationSettings> = {
  kind: "repeated",
  doc: "Limits for mail to some destinations. The most exact domain wins.",
  members: {
    domain: setting({
      schema: domainPattern,
      default: "",
      isRequired: true,
      type: "domain, .domain for all below it, or *",
      doc: "The recipients' domain.",
      example: '"example.net"',
    }),
    concurrency: setting({
      schema: optional(wholeNumber(1, 1_000)),
      default: undefined,
      type: "number",
      defaultText: "`queue.concurrencyPerDestination`",
      doc: "Deliveries at once at most.",
      example: "2",
    }),
    messagesPerMinute: setting({
      schema: optional(numberBetween(0.01, 1_000_000)),
      default: undefined,
      type: "number",
      defaultText: "as many as go",
      doc: "Messages in a minute at most. Domains with the same exchangers share the strictest limits among them.",
      example: "30",
    }),
  },
};
