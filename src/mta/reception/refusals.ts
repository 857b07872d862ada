/** What reception answers when it does not take something: the code, and a sentence that helps. */

import { isMailError, type ErrorCode } from "../../base/errors.ts";
import { reply, type Reply } from "../../smtp/reply.ts";
import type { Account } from "../../store/directory.ts";
import type { ResolutionProblem } from "../resolution/resolution.ts";

export const AUTHENTICATE_FIRST: Reply = reply(
  530,
  "5.7.0",
  "Authentication required: log in with your mail address and password",
);
export const TOO_MANY_GIVEN_UP: Reply = reply(
  421,
  "4.7.0",
  "You have begun too many messages and not finished them; try again later",
);
export const DISK_LOW: Reply = reply(452, "4.3.1", "Not enough room on our disk; try again later");
export const LOOP: Reply = reply(554, "5.4.6", "This message goes in circles");
export const TOO_MANY_HOPS: Reply = reply(
  554,
  "5.4.6",
  "This message has come through too many hosts; it seems to go in circles",
);
export const HEADER_TOO_LONG: Reply = reply(552, "5.3.4", "The header section is too long");
export const TOO_MANY_RECIPIENTS: Reply = reply(
  452,
  "4.5.3",
  "Too many recipients; send the rest later",
);
export const MAILBOX_FULL: Reply = reply(452, "4.2.2", "The mailbox is full; try again later");
export const ACCOUNT_GONE: Reply = reply(535, "5.7.8", "This account cannot log in");

export function relayDenied(recipient: string): Reply {
  return reply(
    550,
    "5.7.1",
    `We do not relay to ${recipient} for you: log in to send mail, or use your provider's server`,
  );
}

export function notOurs(recipient: string): Reply {
  return reply(
    550,
    "5.1.2",
    `${recipient} is no address of ours, and this service takes no others`,
  );
}

export function accountIsLocal(recipient: string, account: Account | undefined): Reply {
  return reply(
    550,
    "5.7.1",
    `${account?.address} may send to addresses of ours only, and ${recipient} is none`,
  );
}

export function senderDenied(sender: string, account: string, allowed: readonly string[]): Reply {
  return reply(
    550,
    "5.7.1",
    `${account} may not send as ${sender}; allowed: ${allowed.join(", ")}`,
  );
}

export function tooLargeForMailbox(recipient: string): Reply {
  return reply(552, "5.2.2", `The message is larger than the mailbox ${recipient} may ever hold`);
}

export function mailboxFull(recipient: string): Reply {
  return reply(452, "4.2.2", `The mailbox ${recipient} is full; try again later`);
}

export function refusedRecipient(problem: ResolutionProblem): Reply {
  return reply(problem.code, problem.status, problem.text);
}

const NOT_STORED: Reply = reply(451, "4.3.0", "The message could not be stored; try again later");

const STORE_FAILURES: ReadonlyMap<ErrorCode, Reply> = new Map([
  ["disk-full", DISK_LOW],
  ["over-quota", MAILBOX_FULL],
  ["not-found", reply(451, "4.3.0", "A mailbox has just gone; try again")],
]);

/** For what the store threw. Nothing was stored, so the client keeps the message and tries again. */
export function replyToStoreFailure(error: unknown): Reply | undefined {
  if (!isMailError(error)) return undefined;
  return STORE_FAILURES.get(error.code) ?? NOT_STORED;
}
