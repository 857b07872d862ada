import type { Channel } from "../base/channel.ts";

/** Speaks one protocol over a channel until the session is over. */
export type SessionRunner = (channel: Channel) => Promise<void>;
