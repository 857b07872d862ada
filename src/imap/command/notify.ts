/** NOTIFY SET [STATUS] (filter (events)) … and NOTIFY NONE (RFC 5465 §3, §5, §6). */

import { no } from "../completion.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";
import { readSource, type SearchSource } from "./esearch.ts";
import { readFetchItems, type FetchItems } from "./fetch.ts";

/** All that METADATA and ACL bring along; annotations of messages (RFC 5257) are nobody's. */
export const NOTIFY_EVENTS = [
  "MessageNew",
  "MessageExpunge",
  "FlagChange",
  "MailboxName",
  "SubscriptionChange",
  "MailboxMetadataChange",
  "ServerMetadataChange",
] as const;

export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

export type EventGroup = {
  readonly filter: SearchSource | { readonly scope: "selected-delayed" };
  /** Empty for NONE. */
  readonly events: ReadonlySet<NotifyEvent>;
  /** What to tell of each new message of the selected mailbox. */
  readonly fetch: FetchItems | undefined;
};

export type NotifyCommand = {
  readonly verb: "NOTIFY";
  /** Empty for NOTIFY NONE. */
  readonly groups: readonly EventGroup[];
  /** Tell the STATUS of each mailbox that is watched at once. */
  readonly wantsStatus: boolean;
};

const MAX_GROUPS = 20;
const MESSAGE_EVENTS: ReadonlySet<NotifyEvent> = new Set([
  "MessageNew",
  "MessageExpunge",
  "FlagChange",
]);

export function readNotify(reader: ArgumentReader): NotifyCommand {
  reader.space();
  const groups: EventGroup[] = [];
  const word = reader.keyword();
  if (word === "NONE") return { verb: "NOTIFY", groups, wantsStatus: false };
  if (word !== "SET") reader.fail("Expected SET or NONE");
  const wantsStatus = reader.take(" STATUS");
  reader.space();
  do {
    groups.push(readGroup(reader));
    if (groups.length > MAX_GROUPS) reader.fail("Too many event groups");
  } while (reader.take(" "));
  if (groups.filter(({ filter }) => isOfSelected(filter)).length > 1) {
    reader.fail("SELECTED and SELECTED-DELAYED stand once at most");
  }
  return { verb: "NOTIFY", groups, wantsStatus };
}

export function isOfSelected(filter: EventGroup["filter"]): boolean {
  return filter.scope === "selected" || filter.scope === "selected-delayed";
}

export function hasMessageEvents({ events }: EventGroup): boolean {
  return events.has("MessageNew");
}

function readGroup(reader: ArgumentReader): EventGroup {
  reader.expect("(");
  const filter = reader.take("SELECTED-DELAYED")
    ? ({ scope: "selected-delayed" } as const)
    : readSource(reader);
  reader.space();
  const events = new Set<NotifyEvent>();
  let fetch: FetchItems | undefined;
  if (!reader.take("NONE")) {
    reader.list(() => {
      const event = readEvent(reader);
      if (event === undefined) return;
      events.add(event);
      if (event === "MessageNew" && isOfSelected(filter) && reader.take(" (")) {
        fetch = readFetchItems(reader);
      }
    });
  }
  reader.expect(")");
  checkTogether(reader, filter, events);
  return { filter, events, fetch };
}

/** RFC 5465 §5: unknown events are refused with the list of those there are. */
function readEvent(reader: ArgumentReader): NotifyEvent | undefined {
  const word = reader.keyword();
  const event = NOTIFY_EVENTS.find((known) => known.toUpperCase() === word);
  if (event === undefined && !reader.hasFailed) {
    if (word === "") reader.fail("Expected an event");
    else reader.refuse(no("No such event here", `BADEVENT (${NOTIFY_EVENTS.join(" ")})`));
  }
  return event;
}

/** RFC 5465 §5.1 to §5.3, §6.1: which events go with which, and with what. */
function checkTogether(
  reader: ArgumentReader,
  filter: EventGroup["filter"],
  events: ReadonlySet<NotifyEvent>,
): void {
  if (events.has("MessageNew") !== events.has("MessageExpunge")) {
    reader.fail("MessageNew and MessageExpunge go together");
  }
  if (events.has("FlagChange") && !events.has("MessageNew")) {
    reader.fail("FlagChange needs MessageNew and MessageExpunge");
  }
  if (isOfSelected(filter) && [...events].some((event) => !MESSAGE_EVENTS.has(event))) {
    reader.fail("Of the selected mailbox only its messages are told");
  }
}
