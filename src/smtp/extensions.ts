/**
 * When each extension is offered, and the line of the EHLO answer that offers it. A parameter of
 * MAIL or RCPT names its extension (`params/table.ts`), so that nothing is taken that was not offered.
 */

import type { Extension } from "./extension-names.ts";
import type { SmtpHandler, SmtpSession } from "./handler.ts";
import type { ResolvedOptions } from "./serve-options.ts";

/** What decides about an offer. */
export type Scene = {
  readonly session: SmtpSession;
  readonly options: ResolvedOptions;
  readonly handler: SmtpHandler;
  /** The peer itself, whoever it speaks for. */
  readonly peerAddress: string;
};

type Offer = {
  isMade(scene: Scene): boolean;
  /** What follows the keyword. */
  params?(scene: Scene): string;
};

/** By configuration alone. */
function configured(extension: Extension): Offer {
  return { isMade: ({ options }) => options.extensions.has(extension) };
}

/** The order is that of the EHLO answer. */
const OFFERS: Readonly<Record<Extension, Offer>> = {
  PIPELINING: configured("PIPELINING"),
  SIZE: {
    ...configured("SIZE"),
    params: ({ options }) => `${options.limits.maxMessageOctets}`,
  },
  "8BITMIME": configured("8BITMIME"),
  SMTPUTF8: configured("SMTPUTF8"),
  CHUNKING: configured("CHUNKING"),
  BINARYMIME: {
    isMade: ({ options: { extensions } }) =>
      extensions.has("BINARYMIME") && extensions.has("CHUNKING"),
  },
  DSN: configured("DSN"),
  ENHANCEDSTATUSCODES: configured("ENHANCEDSTATUSCODES"),
  STARTTLS: {
    isMade: ({ options, session }) => options.startTls !== "off" && session.tls === undefined,
  },
  AUTH: {
    isMade: ({ session, handler }) =>
      session.identity === undefined && handler.mechanisms().length > 0,
    params: ({ handler }) => handler.mechanisms().join(" "),
  },
  REQUIRETLS: {
    // RFC 8689 §2: only once under TLS.
    isMade: ({ options, session }) =>
      options.extensions.has("REQUIRETLS") && session.tls !== undefined,
  },
  // RFC 6710 §4.1: no policy is named, so all 19 levels stand as they are.
  "MT-PRIORITY": configured("MT-PRIORITY"),
  DELIVERBY: {
    ...configured("DELIVERBY"),
    params: ({ options: { limits } }) =>
      limits.minDeliverBySeconds > 0 ? `${limits.minDeliverBySeconds}` : "",
  },
  FUTURERELEASE: {
    ...configured("FUTURERELEASE"),
    params: ({ options: { limits, clock } }) => {
      const untilMs = clock.nowMs() + limits.maxHoldSeconds * 1000;
      return `${limits.maxHoldSeconds} ${new Date(untilMs).toISOString().slice(0, 19)}Z`;
    },
  },
  LIMITS: {
    ...configured("LIMITS"),
    params: ({ options: { limits } }) => {
      const mailMax = Number.isFinite(limits.maxTransactions)
        ? `MAILMAX=${limits.maxTransactions} `
        : "";
      return `${mailMax}RCPTMAX=${limits.maxRecipients}`;
    },
  },
  ETRN: { isMade: ({ handler }) => handler.etrn !== undefined },
  VRFY: { isMade: ({ handler }) => handler.vrfy !== undefined },
  EXPN: { isMade: ({ handler }) => handler.expn !== undefined },
  HELP: configured("HELP"),
  XCLIENT: {
    isMade: ({ options, peerAddress }) => options.trustsXclient(peerAddress),
    params: () => "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT",
  },
  XFORWARD: {
    isMade: ({ options, peerAddress }) => options.trustsXforward(peerAddress),
    params: () => "NAME ADDR PORT PROTO HELO IDENT SOURCE",
  },
};

export function isOffered(extension: Extension, scene: Scene): boolean {
  return OFFERS[extension].isMade(scene);
}

/** The lines of the EHLO answer after the first. */
export function offerLines(scene: Scene): string[] {
  return Object.entries(OFFERS)
    .filter(([, offer]) => offer.isMade(scene))
    .map(([keyword, offer]) => `${keyword} ${offer.params?.(scene) ?? ""}`.trimEnd());
}

/** Whether parameters of the extension may be used now. None after HELO: nothing was offered. */
export function takesParameters(extension: Extension, scene: Scene): boolean {
  if (!scene.session.isExtended) return false;
  // RFC 4954 §5: also, and above all, once the client has authenticated.
  if (extension === "AUTH" && scene.session.identity !== undefined) return true;
  return OFFERS[extension].isMade(scene);
}
