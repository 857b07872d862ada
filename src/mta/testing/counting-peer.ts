/** Another mail host in a test's world that answers as the test wants, and counts what it took for whom. */

import type { Address } from "../../message/addr-spec.ts";
import type { MessageSink, SmtpHandler } from "../../smtp/handler.ts";
import { reply, type Reply } from "../../smtp/reply.ts";
import type { World } from "./world.ts";

export type PeerAnswers = {
  readonly rcpt?: (recipient: string) => Reply | undefined;
  /** Awaited before a message is taken. */
  readonly before?: () => Promise<void>;
};

export class CountingPeer {
  /** How often each recipient's mail was answered with 250. */
  readonly taken: Map<string, number> = new Map();
  /** Recipients in the order in which their mail came. */
  readonly order: string[] = [];
  readonly makeHandler: () => SmtpHandler;
  sessions = 0;
  mostSessions = 0;

  constructor(world: World | undefined, name: string, address: string, answers: PeerAnswers = {}) {
    this.makeHandler = () => this.#handler(answers);
    world?.addPeer(name, address, this.makeHandler);
  }

  #handler(answers: PeerAnswers): SmtpHandler {
    let recipients: string[] = [];
    this.sessions++;
    this.mostSessions = Math.max(this.mostSessions, this.sessions);
    return {
      connect: async () => undefined,
      helo: async () => undefined,
      mechanisms: () => [],
      startMechanism: () => undefined,
      authenticated: async () => undefined,
      mail: async () => undefined,
      async rcpt({ localPart, domain }: Address) {
        const recipient = `${localPart}@${domain}`;
        const refusal = answers.rcpt?.(recipient);
        if (refusal === undefined) recipients.push(recipient);
        return refusal;
      },
      data: async (): Promise<MessageSink> => ({
        async write() {},
        end: async () => {
          await answers.before?.();
          for (const recipient of recipients) {
            this.order.push(recipient);
            this.taken.set(recipient, (this.taken.get(recipient) ?? 0) + 1);
          }
          return [reply(250, "2.0.0", "Ok: taken")];
        },
        abort() {},
      }),
      reset: () => (recipients = []),
      close: () => {
        this.sessions--;
      },
    };
  }
}
