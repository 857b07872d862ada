/** Hands one message to an account's submission server, over SMTP as any other program would. */

import { MailError } from "../../base/errors.ts";
import { isAscii } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { formatAddress, type Address } from "../../message/addr-spec.ts";
import { parseHeader } from "../../message/header.ts";
import { chooseMechanism, clientMechanism } from "../../sasl/client-mechanism.ts";
import { SmtpClient } from "../../smtp/client.ts";
import type { RecipientOutcome, StepOutcome } from "../../smtp/delivery.ts";
import { connectTo, tlsWish, type ConnectDeps } from "../account/open-imap.ts";
import { type MailAccount, usableMechanisms } from "../account/mail-account.ts";
import { isLoopback, type ServerUrl } from "../../net/server-url.ts";
import { screenText } from "../text/screen-text.ts";

/** The message is safe by then: nobody should wait long for a goodbye. */
const QUIT_MS = 3000;

export type Outgoing = {
  readonly reversePath: Address | "null";
  readonly recipients: readonly Address[];
  readonly octets: Uint8Array;
};

export type Refusal = {
  readonly recipient: string;
  readonly problem: string;
  /** Trying again later may help. */
  readonly isTemporary: boolean;
};

export type Submission = {
  readonly accepted: readonly string[];
  readonly refused: readonly Refusal[];
};

export type SubmitDeps = ConnectDeps & { readonly clock: Clock };

/** Rejects with MailError when no server takes the connection or the login; what it says to each recipient is a value. */
export async function submit(
  outgoing: Outgoing,
  account: MailAccount,
  deps: SubmitDeps,
): Promise<Submission> {
  const server = account.smtp;
  if (server === undefined) {
    throw new MailError(
      "config-invalid",
      `the account ${account.name} has no SMTP server to send through`,
    );
  }
  const channel = await connectTo(server, account, deps);
  const literal = channel.local.address.includes(":")
    ? `IPv6:${channel.local.address}`
    : channel.local.address;
  const client = new SmtpClient(channel, {
    clientName: `[${literal}]`,
    clock: deps.clock,
    timeouts: { quitMs: QUIT_MS },
  });
  try {
    mustSucceed(await client.open(), "the server does not take mail");
    await secure(client, channel.tls !== undefined, server, account);
    const isSafe = channel.tls !== undefined || isLoopback(server.host);
    if (server.user !== undefined) await logIn(client, isSafe, server, account, deps);
    return await deliver(client, outgoing);
  } finally {
    await client.quit();
  }
}

async function secure(
  client: SmtpClient,
  isSecure: boolean,
  server: ServerUrl,
  account: MailAccount,
): Promise<void> {
  if (isSecure) return;
  const isOffered = client.extensions.has("STARTTLS");
  if (server.tls === "required" && !isOffered) {
    throw new MailError(
      "tls-failed",
      "the server offers no STARTTLS, so the connection cannot be made safe",
    );
  }
  if (!isOffered || isLoopback(server.host)) return;
  mustSucceed(await client.startTls(tlsWish(server, account)), "the server refuses TLS");
}

async function logIn(
  client: SmtpClient,
  isSafe: boolean,
  server: ServerUrl,
  account: MailAccount,
  deps: SubmitDeps,
): Promise<void> {
  const advertised = usableMechanisms(account, client.extensions.mechanisms);
  const credentials = {
    name: server.user ?? account.address,
    password: await account.password(server),
  };
  const chosen = chooseMechanism(advertised, credentials, { tls: isSafe, allowInClear: isSafe });
  const mechanism =
    chosen === undefined
      ? undefined
      : clientMechanism(chosen, credentials, { ...deps, advertised });
  if (mechanism === undefined) {
    throw new MailError(
      "refused",
      "the server offers no way to log in that is safe on this connection",
    );
  }
  mustSucceed(await client.authenticate(mechanism), "the server refuses the login");
}

async function deliver(
  client: SmtpClient,
  { reversePath, recipients, octets }: Outgoing,
): Promise<Submission> {
  const header = octets.subarray(0, parseHeader(octets).endOctets);
  const report = await client.deliver({
    reversePath,
    recipients: recipients.map((address) => ({ address })),
    content: {
      sizeOctets: octets.length,
      body: isAscii(octets) ? "7bit" : "8bitmime",
      needsSmtpUtf8: !isAscii(header),
      chunks: () => [octets],
    },
  });
  const accepted: string[] = [];
  const refused: Refusal[] = [];
  report.outcomes.forEach((outcome, index) => {
    const recipient = formatAddress(recipients[index]);
    if (outcome.status === "accepted") accepted.push(recipient);
    else refused.push({ recipient, ...describeOutcome(outcome) });
  });
  return { accepted, refused };
}

const UNSENT = {
  "cannot-8bit": "the server takes no 8-bit text",
  "cannot-binary": "the server takes no binary content",
  "cannot-utf8": "the server takes no addresses or header fields beyond ASCII",
  "too-large": "the message is larger than the server takes",
  "cannot-requiretls": "the server cannot promise TLS all the way",
  "cannot-deliver-by": "the server cannot promise to deliver it by that time",
} as const;

function describeOutcome(
  outcome: Exclude<RecipientOutcome, { status: "accepted" }>,
): Pick<Refusal, "problem" | "isTemporary"> {
  switch (outcome.status) {
    case "refused": {
      const { code, enhanced, lines } = outcome.reply;
      const words = screenText(
        [code, enhanced, ...lines].filter((part) => part !== undefined).join(" "),
      );
      return { problem: words, isTemporary: outcome.temporary };
    }
    case "unsent":
      return { problem: UNSENT[outcome.reason], isTemporary: false };
    case "lost":
      return { problem: outcome.error.message, isTemporary: true };
    default:
      return outcome satisfies never;
  }
}

function mustSucceed(step: StepOutcome, otherwise: string): void {
  if (step.ok) return;
  const words =
    step.reply === undefined
      ? ""
      : `: ${screenText([step.reply.code, ...step.reply.lines].join(" "))}`;
  const isTemporary = step.reply !== undefined && step.reply.code < 500;
  throw new MailError("refused", otherwise + words, { temporary: isTemporary });
}
