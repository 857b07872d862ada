/** One transaction of a queued message for some of its recipients, as the SMTP client wants it. */

import type { ErrorCode } from "../../../base/errors.ts";
import { parseAddress } from "../../../message/addr-spec.ts";
import type { SmtpClient } from "../../../smtp/client.ts";
import type {
  DeliveryReport,
  MessageContent,
  OutgoingRecipient,
  OutgoingTransaction,
} from "../../../smtp/delivery.ts";
import type { ReversePath } from "../../../smtp/handler.ts";
import type { QueuedMessage, QueueRecipient } from "../../../store/queue.ts";
import { fitFor } from "./queued-content.ts";

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
  nowMs: number,
): Promise<SentBatch> {
  const fitting = await fitFor(content, client.extensions, message.hasLongLines);
  const report = await client.deliver({
    reversePath: readReversePath(message.reversePath),
    recipients: recipients.map(outgoing),
    params: mailParams(message, client, nowMs),
    content: fitting,
  });
  for (const outcome of report.outcomes) {
    // Our own disk failed while the octets went out: no word about the host.
    if (outcome.status === "lost" && OUR_OWN.has(outcome.error.code)) throw outcome.error;
  }
  const isStale = report.outcomes.every(
    (outcome) => outcome.status === "lost" && outcome.stage === "mail",
  );
  return { recipients, report, isStale };
}

function mailParams(
  message: QueuedMessage,
  { channel, protocol, extensions }: SmtpClient,
  nowMs: number,
): OutgoingTransaction["params"] {
  const { ret, envid, tls, deliverBy, priority } = message;
  // What does not leave this machine needs no TLS: a Unix socket has a path, or no address at all.
  const isLocal = channel.peer.address === "" || channel.peer.address.startsWith("/");
  const requireTls = tls === "required" && !isLocal;
  // Who answers for the mailbox itself has delivered with its answer.
  const isTimed = protocol === "smtp" || extensions.has("DELIVERBY");
  return {
    ret,
    envid,
    requireTls,
    ...(priority !== 0 && { priority }),
    ...(isTimed &&
      deliverBy !== undefined && {
        deliverBy: {
          // RFC 2852 §4.1.4: what is left of the time.
          seconds: Math.floor((deliverBy.untilMs - nowMs) / 1000),
          mode: deliverBy.mode,
          trace: deliverBy.trace,
        },
      }),
  };
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
