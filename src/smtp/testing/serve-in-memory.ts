/** A server engine at the other end of a memory pipe, with a recording handler: one call in a test. */

import {
  type MemoryChannel,
  makeMemoryPipe,
  type MemoryChannelOptions,
} from "../../base/testing/memory-channel.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { RecordingLog } from "../../base/testing/recording-log.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { serveSmtp } from "../serve.ts";
import type { ServeOptions } from "../serve-options.ts";
import { Recording, RecordingHandler } from "./recording-handler.ts";

export type ServedInMemory = {
  readonly client: MemoryChannel;
  readonly server: MemoryChannel;
  readonly recording: Recording;
  readonly log: RecordingLog;
  readonly clock: TestClock;
  /** Resolves when the session has ended. */
  readonly ended: Promise<void>;
};

export function serveInMemory(
  settings: {
    readonly options?: Partial<ServeOptions>;
    readonly channel?: MemoryChannelOptions;
    readonly recording?: Recording;
    /** Written before the server begins. */
    readonly early?: Uint8Array;
  } = {},
): ServedInMemory {
  const recording = settings.recording ?? new Recording();
  const log = new RecordingLog();
  const clock = new TestClock();
  const { client, server } = makeMemoryPipe({ clock, ...settings.channel });
  if (settings.early !== undefined) void client.write(settings.early);
  const ended = serveSmtp(server, (session) => new RecordingHandler(session, recording), {
    hostName: "mx.example.org",
    clock,
    random: new SeededRandom(1),
    log,
    ...settings.options,
  });
  return { client, server, recording, log, clock, ended };
}
