/**
 * What the log says is what is counted: one place that knows both names, and no second set of calls
 * all over the program. Events below the log's level count too.
 */

import type { Log, LogFields, LogValue } from "../../base/log.ts";
import type { Counter, Labels, MetricsRegistry } from "./registry.ts";

type Count = (fields: LogFields) => void;

/** A log that passes everything on to `log`, and counts it in `registry`. */
export function countingLog(log: Log, registry: MetricsRegistry): Log {
  const events = registry.counter("posthorn_log_events_total", "Events logged, by name and level.");
  return new CountingLog(log, {}, { events, counts: countersOf(registry) });
}

type Counted = { readonly events: Counter; readonly counts: ReadonlyMap<string, Count> };

class CountingLog implements Log {
  readonly #log: Log;
  readonly #own: LogFields;
  readonly #counted: Counted;

  constructor(log: Log, own: LogFields, counted: Counted) {
    this.#log = log;
    this.#own = own;
    this.#counted = counted;
  }

  debug(event: string, fields?: LogFields): void {
    this.#log.debug(event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#note("info", event, fields);
    this.#log.info(event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#note("warn", event, fields);
    this.#log.warn(event, fields);
  }

  error(event: string, error: unknown, fields?: LogFields): void {
    this.#note("error", event, fields);
    this.#log.error(event, error, fields);
  }

  child(fields: LogFields): Log {
    return new CountingLog(this.#log.child(fields), { ...this.#own, ...fields }, this.#counted);
  }

  #note(level: string, event: string, fields: LogFields | undefined): void {
    const { events, counts } = this.#counted;
    events.add({ event, level });
    counts.get(event)?.(fields === undefined ? this.#own : { ...this.#own, ...fields });
  }
}

function countersOf(registry: MetricsRegistry): ReadonlyMap<string, Count> {
  return new Map<string, Count>([
    ...deliveries(registry),
    ...reception(registry),
    ...readers(registry),
  ]);
}

function deliveries(registry: MetricsRegistry): [string, Count][] {
  const attempts = registry.counter(
    "posthorn_delivery_outcomes_total",
    "Recipients by what came of an attempt: status, kind of answer (RFC 3463), where to, TLS.",
  );
  const delay = registry.histogram(
    "posthorn_delivery_delay_seconds",
    "From acceptance to the outcome.",
  );
  const connect = registry.histogram(
    "posthorn_delivery_connect_seconds",
    "Until the other server was ready.",
  );
  const transfer = registry.histogram(
    "posthorn_delivery_transfer_seconds",
    "Envelope and content, until its answer.",
  );
  const reports = registry.counter("posthorn_reports_total", "Reports sent to senders, by kind.");
  return [
    [
      "mta.outcome",
      (fields) => {
        const status = text(fields["status"]);
        attempts.add({
          status,
          class: text(fields["dsn"]).split(".").slice(0, 2).join("."),
          relay: fields["relay"] === "local" ? "local" : "remote",
          tls: (fields["tls"] ?? "none") === "none" ? "no" : "yes",
        });
        delay.observe({ status }, seconds(fields["delayMs"]));
        if (fields["connectMs"] === undefined) return;
        connect.observe({ status }, seconds(fields["connectMs"]));
        transfer.observe({ status }, seconds(fields["transferMs"]));
      },
    ],
    ["mta.report", (fields) => reports.add({ kind: text(fields["kind"]) })],
  ];
}

function reception(registry: MetricsRegistry): [string, Count][] {
  const messages = registry.counter("posthorn_messages_accepted_total", "Messages accepted.");
  const octets = registry.counter("posthorn_octets_accepted_total", "Octets of accepted messages.");
  const recipients = registry.counter(
    "posthorn_recipients_accepted_total",
    "Recipients of accepted messages.",
  );
  const refusals = registry.counter(
    "posthorn_smtp_refusals_total",
    "Commands refused, by verb and reply code.",
  );
  const sessions = smtpSessions(registry);
  return [
    [
      "mta.accepted",
      (fields) => {
        const by = {
          tls: fields["tls"] === "none" ? "no" : "yes",
          submitted: fields["account"] === undefined ? "no" : "yes",
        };
        messages.add(by);
        octets.add({}, number(fields["sizeOctets"]));
        recipients.add({}, number(fields["recipients"]));
      },
    ],
    [
      "smtp.refused",
      (fields) =>
        refusals.add({ verb: text(fields["command"]), code: text(fields["reply"]).slice(0, 3) }),
    ],
    ["smtp.closed", sessions],
  ];
}

function smtpSessions(registry: MetricsRegistry): Count {
  const sessions = registry.counter(
    "posthorn_smtp_sessions_total",
    "SMTP sessions that have ended, by the reason if it was not QUIT.",
  );
  return (fields) => sessions.add({ reason: text(fields["reason"]) || "quit" });
}

function readers(registry: MetricsRegistry): [string, Count][] {
  const sessions = registry.counter(
    "posthorn_reader_sessions_total",
    "IMAP and POP3 sessions that have ended.",
  );
  const octets = registry.counter(
    "posthorn_reader_octets_total",
    "Octets sent to IMAP and POP3 clients.",
  );
  const logins = registry.counter("posthorn_logins_total", "Successful log-ins, by protocol.");
  const ended =
    (labels: Labels, sent: string): Count =>
    (fields) => {
      sessions.add(labels);
      octets.add(labels, number(fields[sent]));
    };
  const pop3 = ended({ protocol: "pop3" }, "octets");
  return [
    ["imap.session-ended", ended({ protocol: "imap" }, "octetsWritten")],
    [
      "pop3.closed",
      (fields) => {
        pop3(fields);
        if (fields["account"] !== undefined) logins.add({ protocol: "pop3" });
      },
    ],
    ["imap.logged-in", () => logins.add({ protocol: "imap" })],
    ["smtp.authenticated", () => logins.add({ protocol: "smtp" })],
  ];
}

function text(value: LogValue): string {
  return typeof value === "string" ? value : value === undefined ? "" : String(value);
}

function number(value: LogValue): number {
  return typeof value === "number" ? value : 0;
}

function seconds(value: LogValue): number {
  return number(value) / 1000;
}
