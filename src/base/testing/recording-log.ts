/** A Log that keeps its events, for tests that ask what an operator would see. */

import type { Log, LogFields } from "../log.ts";

export type LoggedEvent = {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: LogFields;
};

export class RecordingLog implements Log {
  readonly events: LoggedEvent[];
  readonly #fields: LogFields;

  constructor(events: LoggedEvent[] = [], fields: LogFields = {}) {
    this.events = events;
    this.#fields = fields;
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#add("debug", event, fields);
  }
  info(event: string, fields: LogFields = {}): void {
    this.#add("info", event, fields);
  }
  warn(event: string, fields: LogFields = {}): void {
    this.#add("warn", event, fields);
  }
  error(event: string, error: unknown, fields: LogFields = {}): void {
    this.#add("error", event, { ...fields, error: String(error) });
  }
  child(fields: LogFields): Log {
    return new RecordingLog(this.events, { ...this.#fields, ...fields });
  }

  #add(level: LoggedEvent["level"], event: string, fields: LogFields): void {
    this.events.push({ level, event, fields: { ...this.#fields, ...fields } });
  }
}
