/**
 * A handler for tests: takes everything, keeps what it took, and refuses what an address asks it to
 * refuse (`unknown@`, `defer@` …), so that a dialogue script can drive it without code.
 */

import { concatBytes, decodeLatin1, decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import { MailError } from "../../base/errors.ts";
import { type Address, formatAddress } from "../../message/addr-spec.ts";
import type { ServerMechanism } from "../../sasl/mechanism.ts";
import { describePath } from "../describe-path.ts";
import type {
  MailParams,
  MessageSink,
  RcptParams,
  ReversePath,
  SmtpHandler,
  SmtpSession,
} from "../handler.ts";
import { type Reply, reply } from "../reply.ts";

export type ReceivedMessage = {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Uint8Array;
  readonly mail: MailParams;
  readonly rcpt: readonly RcptParams[];
  readonly session: SmtpSession;
};

/** What a test sees of all sessions of its handlers. */
export class Recording {
  readonly messages: ReceivedMessage[] = [];
  /** `mail <a@b>`, `rcpt <c@d>`, `data`, `reset`, `abort` …, as the engine called. */
  readonly calls: string[] = [];
  mechanisms: readonly string[] = [];
  /** What a refused connection hears. */
  refusal: Reply | undefined;
  hasEtrn = false;
  hasExpn = false;
  hasVrfy = false;
}

const REFUSALS: ReadonlyMap<string, Reply> = new Map([
  ["unknown", reply(550, "5.1.1", "No such user")],
  ["relay", reply(550, "5.7.1", "Relaying denied")],
  ["defer", reply(451, "4.7.1", "Come back later")],
  ["closing", reply(421, "4.3.2", "Closing")],
  ["evil", reply(550, "5.7.1", "No \r\n250 injection \u0007 \u202e")],
]);

/** RFC 6710: taken, though not as asked. */
const LOWERED: Reply = reply(250, "2.3.6", "0 is the new priority assigned to the message");

export class RecordingHandler implements SmtpHandler {
  readonly #recording: Recording;
  readonly #session: SmtpSession;
  readonly etrn?: (argument: string) => Promise<Reply>;
  readonly expn?: (argument: string) => Promise<Reply>;
  readonly vrfy?: (argument: string) => Promise<Reply>;
  #from: ReversePath | undefined;
  #mail: MailParams = {};
  #to: string[] = [];
  #rcpt: RcptParams[] = [];

  constructor(session: SmtpSession, recording: Recording) {
    this.#session = session;
    this.#recording = recording;
    if (recording.hasEtrn) {
      this.etrn = async (argument) => reply(250, "2.0.0", `Queue for ${argument} started`);
    }
    if (recording.hasVrfy) {
      this.vrfy = async (argument) => reply(250, "2.1.5", `<${argument}@example.org>`);
    }
    if (recording.hasExpn) {
      this.expn = async (argument) => reply(250, "2.0.0", `${argument}-1@a`, `${argument}-2@a`);
    }
  }

  async connect(): Promise<Reply | undefined> {
    return this.#recording.refusal;
  }

  async helo(name: string): Promise<Reply | undefined> {
    this.#recording.calls.push(`helo ${name}`);
    return name === "refused.example" ? reply(550, "5.7.1", "Not you") : undefined;
  }

  mechanisms(): readonly string[] {
    return this.#recording.mechanisms;
  }

  startMechanism(name: string): ServerMechanism | undefined {
    return makeTestMechanism(name);
  }

  async authenticated(identity: string): Promise<Reply | undefined> {
    this.#recording.calls.push(`authenticated ${identity}`);
    return identity === "suspended" ? reply(535, "5.7.8", "Suspended") : undefined;
  }

  async mail(reversePath: ReversePath, params: MailParams): Promise<Reply | undefined> {
    this.#recording.calls.push(`mail ${describePath(reversePath)}`);
    if (reversePath !== "null") {
      const refusal = REFUSALS.get(reversePath.localPart);
      if (refusal !== undefined) return refusal;
      throwAs(reversePath.localPart, "mail");
    }
    this.#from = reversePath;
    this.#mail = params;
    return reversePath !== "null" && reversePath.localPart === "lowered" ? LOWERED : undefined;
  }

  async rcpt(recipient: Address, params: RcptParams): Promise<Reply | undefined> {
    this.#recording.calls.push(`rcpt ${describePath(recipient)}`);
    const refusal = REFUSALS.get(recipient.localPart);
    if (refusal !== undefined) return refusal;
    throwAs(recipient.localPart, "rcpt");
    this.#to.push(recipient.domain === "" ? recipient.localPart : formatAddress(recipient));
    this.#rcpt.push(params);
    return undefined;
  }

  async data(): Promise<MessageSink | Reply> {
    this.#recording.calls.push("data");
    const names = this.#to.map((to) => to.split("@")[0]);
    if (names.includes("nodata")) return reply(451, "4.3.0", "Not now");
    const parts: Uint8Array[] = [];
    return {
      write: async (octets) => {
        if (names.includes("write-fails")) throw new MailError("disk-full", "no space");
        parts.push(octets);
      },
      end: async () => {
        if (names.includes("end-fails")) throw new MailError("store-busy", "locked");
        if (names.includes("bug")) throw new TypeError("a bug");
        if (names.includes("refuse-content")) return [reply(554, "5.6.0", "Bad content")];
        return this.#accept(concatBytes(parts));
      },
      abort: () => this.#recording.calls.push("abort"),
    };
  }

  #accept(content: Uint8Array): readonly Reply[] {
    this.#recording.messages.push({
      from: describePath(this.#from ?? "null"),
      to: this.#to,
      content,
      mail: this.#mail,
      rcpt: this.#rcpt,
      session: { ...this.#session },
    });
    const id = this.#recording.messages.length;
    if (this.#session.protocol !== "lmtp") return [reply(250, "2.0.0", `Ok: queued as ${id}`)];
    return this.#to.map((to) =>
      to.startsWith("full@")
        ? reply(452, "4.2.2", `${to} is full`)
        : reply(250, "2.0.0", `${to} has it`),
    );
  }

  reset(): void {
    if (this.#from !== undefined) this.#recording.calls.push("reset");
    this.#from = undefined;
    this.#mail = {};
    this.#to = [];
    this.#rcpt = [];
  }

  close(): void {
    this.#recording.calls.push("close");
  }
}

function throwAs(localPart: string, method: string): void {
  if (localPart === `busy-${method}`) throw new MailError("store-busy", "locked");
  if (localPart === `bug-${method}`) throw new TypeError("a bug");
}

/** PLAIN for `user`/`secret`; TWO-STEP, which asks twice and has last words; BUSY, which cannot tell. */
function makeTestMechanism(name: string): ServerMechanism | undefined {
  let step = 0;
  switch (name) {
    case "PLAIN":
      return {
        name,
        async step(response) {
          if (response === undefined) return { type: "challenge", octets: new Uint8Array(0) };
          const [, user, password] = decodeUtf8(response).split("\u0000");
          if (password === undefined) return { type: "failure", reason: "malformed" };
          return password === "secret"
            ? { type: "success", identity: user }
            : { type: "failure", reason: "refused" };
        },
      };
    case "TWO-STEP":
      return {
        name,
        async step(response) {
          step++;
          if (step === 1) return { type: "challenge", octets: encodeUtf8("name?") };
          if (step === 2) return { type: "challenge", octets: encodeUtf8("word?") };
          return decodeLatin1(response ?? new Uint8Array(0)) === "secret"
            ? { type: "success", identity: "user", finalOctets: encodeUtf8("proof") }
            : { type: "failure", reason: "refused" };
        },
      };
    case "BUSY":
      return { name, step: async () => ({ type: "failure", reason: "unavailable" }) };
    default:
      return undefined;
  }
}
