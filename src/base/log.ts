/**
 * The log port. An event has a fixed dotted name (`smtp.rcpt-refused`) and fields; never a
 * sentence glued from data. Secrets and message text never get here (Invariant 8).
 */

export type LogValue = string | number | boolean | undefined | null | readonly string[];
export type LogFields = Readonly<Record<string, LogValue>>;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** `error` is our bug or a failed environment: its stack goes with the event. */
  error(event: string, error: unknown, fields?: LogFields): void;
  /** A log that adds `fields` to every event. */
  child(fields: LogFields): Log;
}

export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
