/** The words printed at the start without a configuration: where everything is, and a first mail to try. */

import type { Endpoint } from "../base/channel.ts";
import type { FirstAccount } from "./first-start.ts";
import { FIRST_ADDRESS } from "./first-start.ts";
import type { ServiceName } from "./services.ts";

export type WelcomeFacts = {
  readonly endpoints: readonly { readonly service: ServiceName; readonly endpoint: Endpoint }[];
  readonly dataFolder: string;
  /** Made just now; undefined at later starts, when the password is not known any more. */
  readonly firstAccount: FirstAccount | undefined;
  readonly startedInMs: number;
};

export function welcome(facts: WelcomeFacts): string {
  const { dataFolder, firstAccount } = facts;
  const login = firstAccount ?? { address: FIRST_ADDRESS, password: "PASSWORD" };
  const account =
    firstAccount === undefined
      ? `Account ${FIRST_ADDRESS}; its password was shown at the first start.
A new one:  npx posthorn account password ${FIRST_ADDRESS} --generate`
      : `Your first account:   ${login.address}
Its password:         ${login.password}     (shown only now)`;
  return `
Posthorn is running (${Math.round(facts.startedInMs)} ms). Its data is in ${dataFolder}

${account}
${examples(facts, login)}
Ctrl-C stops it. For a server of your own, see docs/config.md.
`;
}

function examples(facts: WelcomeFacts, { address, password }: FirstAccount): string {
  const at = (service: ServiceName): string => {
    const found = facts.endpoints.find((entry) => entry.service === service)?.endpoint;
    if (found === undefined) return "(off)";
    return found.address.includes(":")
      ? `[${found.address}]:${found.port}`
      : `${found.address}:${found.port}`;
  };
  return `
Send a first mail:
  printf 'From: ${address}\\r\\nTo: ${address}\\r\\nSubject: First mail\\r\\n\\r\\nHello!\\r\\n' |
    curl -sS smtp://${at("smtp")} --mail-from ${address} --mail-rcpt ${address} -T -
or
  swaks --server ${at("submission")} --tls --auth-user ${address} --auth-password ${password} \\
    --from ${address} --to ${address}

Read it:
  npx posthorn mail
  curl -sS -u ${address}:${password} 'imap://${at("imap")}/INBOX;MAILINDEX=1'
  curl -sS -u ${address}:${password} pop3://${at("pop3")}/1

Or with any mail program (it will ask about our self-made certificate once):
  incoming IMAP   ${at("imaps")} TLS, or ${at("imap")} STARTTLS
  incoming POP3   ${at("pop3s")} TLS, or ${at("pop3")} STLS
  outgoing SMTP   ${at("submissions")} TLS, or ${at("submission")} STARTTLS
  user name       ${address}
`;
}
