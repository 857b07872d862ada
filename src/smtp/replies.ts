/**
 * The server engine's own answers, one constant each, with the codes of RFC 5321 §4.2.3 and
 * RFC 3463. What the handler decides (who, where, how much) it says in its own words.
 */

import { type Reply, reply } from "./reply.ts";

export const CONTROL_CHARACTER: Reply = reply(500, "5.5.2", "A command has no control characters");
export const LINE_TOO_LONG: Reply = reply(500, "5.5.2", "Line too long");
export const AUTH_LINE_TOO_LONG: Reply = reply(500, "5.5.6", "Authentication line too long");
export const NOT_UTF8: Reply = reply(500, "5.5.2", "The line is not valid UTF-8");
export const UNKNOWN_COMMAND: Reply = reply(500, "5.5.2", "Command not recognized");
export const NOT_IMPLEMENTED: Reply = reply(502, "5.5.1", "Command not implemented");

export const GREET_FIRST: Reply = reply(503, "5.5.1", "Say EHLO or HELO first");
export const GREET_FIRST_LMTP: Reply = reply(503, "5.5.1", "Say LHLO first");
export const SENDER_FIRST: Reply = reply(503, "5.5.1", "MAIL comes first");
export const RECIPIENT_FIRST: Reply = reply(503, "5.5.1", "RCPT comes first");
export const NO_VALID_RECIPIENTS: Reply = reply(554, "5.5.1", "No valid recipients");
export const NO_VALID_RECIPIENTS_LMTP: Reply = reply(503, "5.5.1", "No valid recipients");
export const NESTED_MAIL: Reply = reply(
  503,
  "5.5.1",
  "A transaction has begun already; RSET ends it",
);
export const NOT_IN_TRANSACTION: Reply = reply(503, "5.5.1", "Not in the middle of a transaction");
export const CHUNKS_BEGUN: Reply = reply(503, "5.5.1", "BDAT has begun: BDAT or RSET must follow");
export const CHUNKS_FAILED: Reply = reply(503, "5.5.1", "An earlier BDAT failed: RSET must follow");
export const NO_SERVICE: Reply = reply(503, "5.5.1", "No mail service here; QUIT is all there is");
export const BINARY_NEEDS_BDAT: Reply = reply(503, "5.5.1", "BODY=BINARYMIME must come by BDAT");

export const OK: Reply = reply(250, "2.0.0", "Ok");
export const SENDER_OK: Reply = reply(250, "2.1.0", "Sender ok");
export const RECIPIENT_OK: Reply = reply(250, "2.1.5", "Recipient ok");
export const CHUNK_OK: Reply = reply(250, "2.0.0", "Chunk ok");
export const START_DATA: Reply = reply(
  354,
  undefined,
  "Send the message; end it with <CRLF>.<CRLF>",
);
export const BYE: Reply = reply(221, "2.0.0", "Bye");
export const CANNOT_VRFY: Reply = reply(252, "2.0.0", "Cannot tell; send a message and see");

export const TLS_GO_AHEAD: Reply = reply(220, "2.0.0", "Begin TLS");
export const TLS_ACTIVE: Reply = reply(503, "5.5.1", "TLS is active already");
export const TLS_UNAVAILABLE: Reply = reply(454, "4.7.0", "TLS is not available just now");
export const TLS_FIRST: Reply = reply(530, "5.7.0", "Say STARTTLS first");
export const NO_ARGUMENT: Reply = reply(501, "5.5.4", "This command takes no argument");
export const ARGUMENT_MISSING: Reply = reply(501, "5.5.4", "This command needs an argument");

export const AUTH_FIRST: Reply = reply(530, "5.7.0", "Authentication required");
export const AUTH_NEEDS_TLS: Reply = reply(
  538,
  "5.7.11",
  "Encryption required: say STARTTLS first",
);
export const AUTH_DONE: Reply = reply(503, "5.5.1", "Already authenticated");
export const AUTH_UNKNOWN: Reply = reply(504, "5.5.4", "No such authentication mechanism here");
export const AUTH_OK: Reply = reply(235, "2.7.0", "Authentication succeeded");
export const AUTH_CANCELLED: Reply = reply(501, "5.7.0", "Authentication cancelled");
export const AUTH_BAD_BASE64: Reply = reply(501, "5.5.2", "That is not base64");
export const AUTH_MALFORMED: Reply = reply(501, "5.5.2", "That is not what the mechanism expects");
export const AUTH_REFUSED: Reply = reply(535, "5.7.8", "Authentication credentials invalid");
export const AUTH_UNAVAILABLE: Reply = reply(454, "4.7.0", "Cannot check credentials just now");

export const EARLY_TALKER: Reply = reply(554, "5.5.0", "You spoke before it was your turn");
export const NOT_HTTP: Reply = reply(421, "4.7.0", "This is a mail server");
export const NOT_TLS: Reply = reply(421, "4.7.0", "This port begins in the clear; use STARTTLS");
export const TOO_MANY_ERRORS: Reply = reply(421, "4.7.0", "Too many errors");
export const TOO_MANY_COMMANDS: Reply = reply(421, "4.7.0", "Too many commands");
export const TOO_MANY_AUTH_FAILURES: Reply = reply(421, "4.7.0", "Too many failed authentications");
export const TIMED_OUT: Reply = reply(421, "4.4.2", "Timed out waiting for you");
export const TOO_SLOW: Reply = reply(421, "4.4.2", "Data came too slowly");
export const SHUTTING_DOWN: Reply = reply(421, "4.3.2", "Going down; try again later");

export const TOO_MANY_RECIPIENTS: Reply = reply(
  452,
  "4.5.3",
  "Too many recipients; send the rest later",
);
export const BY_TOO_SOON: Reply = reply(
  550,
  "5.4.7",
  "That is sooner than we can promise; EHLO says the least time",
);
export const TOO_MANY_TRANSACTIONS: Reply = reply(
  421,
  "4.7.0",
  "Enough messages for one session; begin another",
);
export const TOO_LARGE: Reply = reply(552, "5.3.4", "Message too large");
export const STRAY_LINE_END: Reply = reply(
  550,
  "5.6.11",
  "Bare CR or LF in the message; lines end in CRLF",
);
export const NUL_OCTET: Reply = reply(550, "5.6.0", "NUL octet in the message");
export const DISK_FULL: Reply = reply(452, "4.3.1", "Out of space");
export const LOCAL_ERROR: Reply = reply(451, "4.3.0", "Local error; try again later");
export const OUR_BUG: Reply = reply(421, "4.3.0", "Internal error; try again later");
export const UTF8_NOT_DECLARED: Reply = reply(553, "5.6.7", "The address needs SMTPUTF8");
