/**
 * LMTP's end of a message: a reply for each recipient (RFC 2033 §4.2). Whose mailbox has no room is
 * told so at once and gets nothing; the others share one commit.
 */

import type { RouteConfig } from "../routing/choose-route.ts";
import type { Reply } from "../../smtp/reply.ts";
import { acceptMessage, type AcceptDeps, type FinishedMessage } from "./accept-message.ts";
import { fullMailbox } from "./recipient-decision.ts";

/** Room for the header fields that delivery adds. */
const PREFIX_OCTETS = 1_000;

export async function acceptForEachRecipient(
  message: FinishedMessage,
  deps: AcceptDeps,
  config: RouteConfig,
): Promise<readonly Reply[]> {
  const { transaction, staged } = message;
  const neededOctets = staged.sizeOctets + PREFIX_OCTETS;
  const refusals = transaction.recipients.map(({ resolution }) =>
    transaction.marks.isDiscarded
      ? undefined
      : fullMailbox(resolution, neededOctets, deps.store.directory),
  );
  const fitting = transaction.recipients.filter((_, index) => refusals[index] === undefined);
  if (fitting.length === 0) {
    await staged.discard();
    return refusals.filter((refusal) => refusal !== undefined);
  }
  const part = { ...message, transaction: transaction.only(fitting) };
  const answer = await acceptMessage(part, deps, config);
  return refusals.map((refusal) => refusal ?? answer);
}
