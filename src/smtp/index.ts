/**
 * `posthorn/smtp`: the SMTP, submission and LMTP engines for use on their own, server and client,
 * over any Channel. They open no sockets, read no clock and store nothing: what they need comes in.
 * docs/library-smtp.md has an example of each.
 */

export type { Channel, Endpoint, TlsSession, TlsWish } from "../base/channel.ts";
export type { Clock } from "../base/clock.ts";
export { type ErrorCode, isMailError, MailError } from "../base/errors.ts";
export { type Log, type LogFields, type LogValue, silentLog } from "../base/log.ts";
export type { Random } from "../base/random.ts";
export { makeMemoryPipe } from "../base/testing/memory-channel.ts";
export { type Address, formatAddress, parseAddress } from "../message/addr-spec.ts";
export type { ClientMechanism, ServerMechanism, ServerStep } from "../sasl/mechanism.ts";
export { SmtpClient, type SmtpClientOptions } from "./client.ts";
export { type ClientTimeouts, DEFAULT_TIMEOUTS } from "./client-timeouts.ts";
export type {
  DeliveryReport,
  MessageContent,
  OutgoingRecipient,
  OutgoingTransaction,
  RecipientOutcome,
  SmtpStage,
  StepOutcome,
  UnsentReason,
} from "./delivery.ts";
export { DEFAULT_EXTENSIONS, type Extension } from "./extension-names.ts";
export type {
  ForwardedClient,
  MailParams,
  MessageSink,
  RcptParams,
  ReversePath,
  SmtpHandler,
  SmtpSession,
} from "./handler.ts";
export { acceptProxied } from "./proxied-channel.ts";
export { parseProxyHeader, type ProxyHeader, type ProxyParse } from "./proxy-header.ts";
export { formatReply } from "./reply-encoder.ts";
export { isPermanent, isPositive, isTransient, type Reply, reply } from "./reply.ts";
export { DEFAULT_LIMITS, type ServeLimits, type ServeOptions } from "./serve-options.ts";
export { serveSmtp } from "./serve.ts";
export { ServerExtensions } from "./server-extensions.ts";
