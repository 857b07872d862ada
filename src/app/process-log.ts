/**
 * The Log of a running Posthorn: JSON lines by pino, or one readable line an event on a terminal.
 * Control characters in values are escaped in both, so that a peer can't write lines of its own
 * (security row 35).
 */

import type { Log, LogFields, LogValue } from "../base/log.ts";
import { describeError } from "./describe-error.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface ProcessLog extends Log {
  setLevel(level: LogLevel): void;
  /** Writes out what is still in memory. */
  flush(): void;
}

export type LogSink = {
  write(level: LogLevel, event: string, fields: LogFields): void;
  flush(): void;
};

const WEIGHT: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export async function makeProcessLog(options: {
  readonly level: LogLevel;
  readonly format: "auto" | "json" | "text";
  readonly isTerminal: boolean;
}): Promise<ProcessLog> {
  const isText = options.format === "text" || (options.format === "auto" && options.isTerminal);
  const sink = isText ? textSink((line) => process.stdout.write(line)) : await jsonSink();
  return logTo(sink, options.level);
}

export function logTo(sink: LogSink, firstLevel: LogLevel): ProcessLog {
  return new RootLog({ sink, least: WEIGHT[firstLevel] });
}

type Target = { readonly sink: LogSink; least: number };

/** Each session has one or two: an object of two words, not a set of functions. */
class FieldLog implements Log {
  readonly #target: Target;
  readonly #own: LogFields;

  constructor(target: Target, own: LogFields) {
    this.#target = target;
    this.#own = own;
  }

  debug(event: string, fields?: LogFields): void {
    this.#put("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#put("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#put("warn", event, fields);
  }

  error(event: string, error: unknown, fields?: LogFields): void {
    this.#put("error", event, { ...fields, ...describeError(error) });
  }

  child(fields: LogFields): Log {
    return new FieldLog(this.#target, { ...this.#own, ...fields });
  }

  #put(level: LogLevel, event: string, fields: LogFields | undefined): void {
    if (WEIGHT[level] < this.#target.least) return;
    const own = this.#own;
    this.#target.sink.write(level, event, fields === undefined ? own : { ...own, ...fields });
  }
}

class RootLog extends FieldLog implements ProcessLog {
  readonly #root: Target;

  constructor(target: Target) {
    super(target, {});
    this.#root = target;
  }

  setLevel(level: LogLevel): void {
    this.#root.least = WEIGHT[level];
  }

  flush(): void {
    this.#root.sink.flush();
  }
}

async function jsonSink(): Promise<LogSink> {
  const { pino } = await import("pino");
  // Lines are gathered and written together twice a second at the latest: a system call a line is dear.
  const destination = pino.destination({
    fd: 1,
    sync: false,
    minLength: 32_768,
    maxWrite: 65_536,
    periodicFlush: 500,
  });
  destination.on("error", () => {});
  const logger = pino(
    {
      level: "debug",
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: "event",
    },
    destination,
  );
  return {
    write: (level, event, fields) => logger[level](fields, event),
    flush() {
      try {
        destination.flushSync();
      } catch {
        // Standard output is gone; there is nobody to tell.
      }
    },
  };
}

/** For people: `10:59:01.123 warn  dns.server-failing  server=192.0.2.53 reason="no answer"`. */
export function textSink(write: (line: string) => void): LogSink {
  return {
    write(level, event, fields) {
      const time = new Date().toISOString().slice(11, 23);
      const parts = Object.entries(fields)
        .filter(([name, value]) => value !== undefined && name !== "stack")
        .map(([name, value]) => `${name}=${shown(value)}`);
      const stack = typeof fields["stack"] === "string" ? `\n${fields["stack"]}` : "";
      write(`${time} ${level.padEnd(5)} ${event}  ${parts.join(" ")}${stack}\n`);
    },
    flush() {},
  };
}

function shown(value: LogValue): string {
  if (typeof value === "string" && /^[!-~]+$/.test(value) && !/["=]/.test(value)) return value;
  // JSON leaves DEL and the C1 controls as they are; a terminal would obey them.
  return (JSON.stringify(value) ?? "").replace(
    /[\x7f-\x9f]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
