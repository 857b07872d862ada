/** Two ends of a real connection on loopback, for tests. The certificate is made once a process. */

import type { Channel, TlsWish } from "../../base/channel.ts";
import { silentLog } from "../../base/log.ts";
import type { Log } from "../../base/log.ts";
import { connect } from "../connect.ts";
import { listen } from "../listen.ts";
import type { Listener, ListenOptions } from "../listen.ts";
import { makeSelfSigned } from "../self-signed.ts";
import { ServerTls } from "../server-tls.ts";
import type { CertificatePem } from "../server-tls.ts";

let made: Promise<CertificatePem> | undefined;

export function testCertificate(): Promise<CertificatePem> {
  made ??= makeSelfSigned(["mail.example.test", "127.0.0.1"], Date.now());
  return made;
}

export type SocketPair = {
  readonly client: Channel;
  readonly server: Channel;
  readonly listener: Listener;
  readonly end: () => Promise<void>;
};

export async function makeSocketPair(
  tls: ListenOptions["tls"],
  options: { log?: Log; wish?: TlsWish; writeTimeoutMs?: number } = {},
): Promise<SocketPair> {
  const serverTls = new ServerTls({ certificates: [await testCertificate()] });
  const { promise: arrived, resolve } = Promise.withResolvers<Channel>();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const { writeTimeoutMs } = options;
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls,
    serverTls,
    log: options.log ?? silentLog,
    ...(writeTimeoutMs !== undefined && { writeTimeoutMs }),
    onChannel: (channel) => {
      resolve(channel);
      return finished;
    },
  });
  const { wish = { serverName: "mail.example.test", verify: false } } = options;
  const connecting = connect({
    host: "127.0.0.1",
    port: listener.endpoint.port,
    timeoutMs: 5_000,
    ...(tls === "implicit" && { tls: wish }),
    ...(writeTimeoutMs !== undefined && { writeTimeoutMs }),
  });
  const client = await connecting.catch(async (error: unknown) => {
    finish();
    await listener.drain(0);
    throw error;
  });
  const server = await arrived;
  return {
    client,
    server,
    listener,
    end: async () => {
      finish();
      client.abort();
      server.abort();
      await listener.drain(0);
    },
  };
}
