/** One transaction of a queued message for some of its recipients, as the SMTP client wants it. */

import type { ErrorCode } from "../../../base/errors.ts";
import { parseAddress } from "../../../message/addr-spec.ts";
import type { SmtpClient } from "../../../smtp/client.ts";
import type {
  DeliveryReport,
  MessageContent,
  OutgoingRecipient,
  RecipientOutcome,
} from "../../../smtp/delivery.ts";
import type { ReversePath } from "../../../smtp/handler.ts";
import type { QueuedMessage, QueueRecipient } from "../../../store/queue.ts";
import { as7Bit } from "./queued-content.ts";

const OUR_OWN: ReadonlySet<ErrorCode> = new Set([
  "store-busy",
  "store-corrupt",
  "store-closed",
  "disk-failed",
  "not-found",
]);

export type SentBatch = {
  readonly recipients: readonly QueueRecipient[];
  readonly report: DeliveryReport;
  /** The connection broke before the server said anything at all. */
  readonly isStale: boolean;
};

/** Rejects when the store fails; for what the server and the network do there are outcomes. */
export async function sendBatch(
  client: SmtpClient,
  message: QueuedMessage,
  recipients: readonly QueueRecipient[],
  content: MessageContent,
): Promise<SentBatch> {
  let report = await deliver(client, message, recipients, content);
  if (report.outcomes.every(isUnsent8Bit)) {
    const plain = await as7Bit(content);
    if (plain !== undefined) report = await deliver(client, message, recipients, plain);
  }
  for (const outcome of report.outcomes) {
    // Our own disk failed while the octets went out: no word about the host.
    if (outcome.status === "lost" && OUR_OWN.has(outcome.error.code)) throw outcome.error;
  }
  const isStale = report.outcomes.every(
    (outcome) => outcome.status === "lost" && outcome.stage === "mail",
  );
  return { recipients, report, isStale };
}

function isUnsent8Bit(outcome: RecipientOutcome): boolean {
  return outcome.status === "unsent" && /^cannot-(?:8bit|binary)$/.test(outcome.reason);
}

function deliver(
  client: SmtpClient,
  message: QueuedMessage,
  recipients: readonly QueueRecipient[],
  content: MessageContent,
): Promise<DeliveryReport> {
  return client.deliver({
    reversePath: readReversePath(message.reversePath),
    recipients: recipients.map(outgoing),
    params: { ret: message.ret, envid: message.envid },
    content,
  });
}

function readReversePath(text: string): ReversePath {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.value : "null";
}

function outgoing({ recipient, notify, originalRecipient }: QueueRecipient): OutgoingRecipient {
  const parsed = parseAddress(recipient);
  const address = parsed.ok ? parsed.value : { localPart: recipient, domain: "" };
  return { address, notify, orcpt: originalRecipient };
}
