/** Which file answers which verb. A verb without one does not compile. */

import type { Reply } from "../reply.ts";
import type { ServerConnection } from "../server-connection.ts";
import type { Verb } from "../session.ts";
import { answerAuth } from "./auth.ts";
import { answerBdat } from "./bdat.ts";
import { answerData } from "./data.ts";
import { answerEhlo, answerHelo } from "./hello.ts";
import { answerMail } from "./mail.ts";
import {
  answerEtrn,
  answerExpn,
  answerHelp,
  answerNoop,
  answerQuit,
  answerRset,
  answerVrfy,
} from "./plain.ts";
import { answerRcpt } from "./rcpt.ts";
import { answerStartTls } from "./starttls.ts";
import { answerXclient } from "./xclient.ts";
import { answerXforward } from "./xforward.ts";

/** Answers a command that is legal now. More than one reply only for LMTP, none after STARTTLS. */
export type VerbAnswer = (
  connection: ServerConnection,
  argument: string,
) => Promise<Reply | readonly Reply[]>;

export const VERB_ANSWERS: Readonly<Record<Verb, VerbAnswer>> = {
  HELO: answerHelo,
  EHLO: answerEhlo,
  LHLO: answerEhlo,
  MAIL: answerMail,
  RCPT: answerRcpt,
  DATA: answerData,
  BDAT: answerBdat,
  RSET: answerRset,
  NOOP: answerNoop,
  QUIT: answerQuit,
  VRFY: answerVrfy,
  EXPN: answerExpn,
  HELP: answerHelp,
  STARTTLS: answerStartTls,
  AUTH: answerAuth,
  ETRN: answerEtrn,
  XCLIENT: answerXclient,
  XFORWARD: answerXforward,
};
