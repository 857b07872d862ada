/**
 * The first octets of a connection that a load balancer passes on: a PROXY header, before anything
 * else, TLS too. What a header is, the caller's parser knows; here it is read off the socket, and
 * what stands behind it is left there.
 */

import type { Socket } from "node:net";
import type { Endpoint } from "../base/channel.ts";
import { MailError } from "../base/errors.ts";

export type ProxiedEnds = {
  /** Undefined where the proxy speaks for itself. */
  readonly source: Endpoint | undefined;
  readonly destination: Endpoint | undefined;
};

/** Looks at the octets so far. */
export type ProxyParser = (
  octets: Uint8Array,
) =>
  | { readonly type: "incomplete" }
  | { readonly type: "header"; readonly header: ProxiedEnds; readonly lengthOctets: number }
  | { readonly type: "fault"; readonly problem: string };

/** Rejects with `protocol-broken` when something else comes, or nothing in time. The socket is then destroyed. */
export function readProxyHeader(
  socket: Socket,
  parse: ProxyParser,
  timeoutMs: number,
): Promise<ProxiedEnds> {
  return new Promise((resolve, reject) => {
    let octets: Buffer<ArrayBufferLike> = Buffer.alloc(0);
    const finish = (): void => {
      clearTimeout(timer);
      socket.off("data", onData).off("end", onGone).off("close", onGone);
    };
    const fail = (problem: string): void => {
      finish();
      socket.destroy();
      reject(new MailError("protocol-broken", problem));
    };
    const onGone = (): void => fail("closed before a PROXY header");
    const onData = (more: Buffer): void => {
      octets = octets.length === 0 ? more : Buffer.concat([octets, more]);
      const parsed = parse(octets);
      if (parsed.type === "incomplete") return;
      if (parsed.type === "fault") return fail(parsed.problem);
      finish();
      socket.pause();
      const rest = octets.subarray(parsed.lengthOctets);
      if (rest.length > 0) socket.unshift(rest);
      resolve(parsed.header);
    };
    const timer = setTimeout(() => fail("no PROXY header came in time"), timeoutMs);
    socket.on("data", onData).once("end", onGone).once("close", onGone);
  });
}
