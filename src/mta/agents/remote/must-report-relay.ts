/**
 * Whether it is ours to tell that the message went on: where the next host will not tell of success
 * (RFC 3461 §5.2.2) or of a time that has passed (RFC 2852 §4.1.4), and where each hop is to tell.
 */

import type { DeliveryReport } from "../../../smtp/delivery.ts";
import type { DeliverBy } from "../../../store/acceptance.ts";
import type { QueueRecipient } from "../../../store/queue.ts";

export function mustReportRelay(
  { notify }: Pick<QueueRecipient, "notify">,
  { passedDsn, passedDeliverBy }: DeliveryReport,
  { deliverBy }: { readonly deliverBy: DeliverBy | undefined },
): boolean {
  if (notify?.includes("success") === true && !passedDsn) return true;
  if (deliverBy === undefined || notify?.length === 0) return false;
  if (deliverBy.trace) return true;
  const wantsToKnow = notify === undefined || notify.some((wish) => wish !== "failure");
  return !passedDeliverBy && wantsToKnow;
}
