import assert from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { suite, test, type TestContext } from "node:test";
import type { Channel, ResumableTls, TlsSession } from "../base/channel.ts";
import { isMailError } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { TestClock } from "../base/testing/test-clock.ts";
import { connect } from "./connect.ts";
import { listen } from "./listen.ts";
import { makeSelfSigned } from "./self-signed.ts";
import { ServerTls, type ServerTlsOptions } from "./server-tls.ts";
import { testCertificate } from "./testing/socket-pair.ts";

type Visit = { readonly tls: TlsSession; readonly given: readonly ResumableTls[] };

async function serverWith(
  t: TestContext,
  options: Partial<ServerTlsOptions> = {},
): Promise<{
  visit: (wish?: {
    resume?: ResumableTls;
    verify?: boolean;
    serverName?: string;
  }) => Promise<Visit>;
  serverTls: ServerTls;
  seen: (TlsSession | undefined)[];
  port: number;
}> {
  const certificates = [await testCertificate()];
  const serverTls = new ServerTls({ certificates, ...options });
  const seen: (TlsSession | undefined)[] = [];
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "implicit",
    serverTls,
    log: silentLog,
    onChannel: async (channel: Channel) => {
      seen.push(channel.tls);
      await channel.write(new Uint8Array([33]));
      await channel.read(5000);
    },
  });
  t.after(() => listener.drain(0));
  const { port } = listener.endpoint;
  const visit = async (
    wish: { resume?: ResumableTls; verify?: boolean; serverName?: string } = {},
  ): Promise<Visit> => {
    const given: ResumableTls[] = [];
    const channel = await connect({
      host: "127.0.0.1",
      port,
      timeoutMs: 5000,
      trust: certificates.map(({ certificate }) => certificate),
      tls: {
        serverName: "mail.example.test",
        verify: false,
        ...wish,
        onResumable: (session) => given.push(session),
      },
    });
    // TLS 1.3 gives tickets behind the handshake: what comes after them shows that they are here.
    await channel.read(5000);
    const { tls } = channel;
    assert.ok(tls !== undefined);
    await channel.close();
    return { tls, given };
  };
  return { visit, serverTls, seen, port };
}

suite("TLS resumption", () => {
  test("a second connection takes the session up again, and both ends know", async (t) => {
    const { visit, seen } = await serverWith(t);
    const first = await visit({ verify: true });
    assert.equal(first.tls.isResumed, undefined);
    assert.ok(first.given.length > 0);
    const second = await visit({ verify: true, resume: first.given[0] });
    assert.equal(second.tls.isResumed, true);
    assert.equal(second.tls.peerVerified, true);
    assert.equal(second.tls.peerName, "mail.example.test");
    assert.deepEqual(
      seen.map((tls) => tls?.isResumed),
      [undefined, true],
    );
    // Each connection has its own keys all the same.
    assert.notDeepEqual(first.tls.channelBinding, second.tls.channelBinding);
  });

  test("what was wrong with the certificate is still known when the session is resumed", async (t) => {
    const { visit } = await serverWith(t);
    const first = await visit({ serverName: "other.example.test" });
    assert.equal(first.tls.peerVerified, false);
    const second = await visit({ serverName: "other.example.test", resume: first.given[0] });
    assert.equal(second.tls.isResumed, true);
    assert.equal(second.tls.peerVerified, false);
    assert.equal(second.tls.peerProblem, first.tls.peerProblem);
  });

  test("a failed verification gives no session", async (t) => {
    const { port } = await serverWith(t);
    const given: ResumableTls[] = [];
    await assert.rejects(
      connect({
        host: "127.0.0.1",
        port,
        timeoutMs: 5000,
        tls: {
          serverName: "mail.example.test",
          verify: true,
          onResumable: (session) => given.push(session),
        },
      }),
      (error) => isMailError(error, "tls-failed"),
    );
    assert.deepEqual(given, []);
  });

  test("octets that are no session, and one of another server, mean a full handshake", async (t) => {
    const one = await serverWith(t);
    const two = await serverWith(t);
    const { given } = await one.visit();
    assert.equal((await two.visit({ resume: given[0] })).tls.isResumed, undefined);
    const changed = { ...given[0], octets: given[0].octets.toReversed() };
    const tls = await one.visit({ resume: changed }).then(
      (visit) => visit.tls.isResumed,
      (error: unknown) => isMailError(error, "tls-failed") && "failed",
    );
    assert.ok(tls === undefined || tls === "failed");
  });

  test("ticket keys change after half a day: an old ticket costs a full handshake, no more", async (t) => {
    const clock = new TestClock();
    const { visit } = await serverWith(t, { clock });
    const { given } = await visit();
    assert.equal((await visit({ resume: given[0] })).tls.isResumed, true);
    const next = await visit();
    await clock.advance(11.9 * 3_600_000);
    assert.equal((await visit({ resume: next.given[0] })).tls.isResumed, true);
    const last = await visit();
    await clock.advance(0.2 * 3_600_000);
    assert.equal((await visit({ resume: last.given[0] })).tls.isResumed, undefined);
  });

  test("reload ends the tickets of the old certificate", async (t) => {
    const { visit, serverTls } = await serverWith(t);
    const { given } = await visit();
    serverTls.reload([await makeSelfSigned(["new.test"], Date.now())]);
    const { tls } = await visit({ resume: given[0] });
    assert.equal(tls.isResumed, undefined);
    assert.equal(tls.peerName, "new.test");
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`a client's certificate survives resumption, ${version}`, async (t) => {
      const person = await makeSelfSigned(["anna.test"], Date.now());
      const { port, seen } = await serverWith(t, { clientAnchors: [person.certificate] });
      const visit = (session?: Buffer): Promise<Buffer> =>
        new Promise((resolve, reject) => {
          let ticket: Buffer | undefined;
          const socket = connectTls({
            port,
            host: "127.0.0.1",
            rejectUnauthorized: false,
            maxVersion: version,
            cert: person.certificate,
            key: person.key,
            ...(session !== undefined && { session }),
          });
          socket.on("session", (given: Buffer) => (ticket = given));
          socket.on("error", reject);
          socket.once("data", () => {
            socket.destroy();
            if (ticket === undefined && session === undefined) reject(new Error("no ticket"));
            else resolve(ticket ?? Buffer.alloc(0));
          });
        });
      await visit(await visit());
      assert.deepEqual(
        seen.map((tls) => [tls?.protocol, tls?.isResumed, tls?.peerVerified, tls?.peerName]),
        [
          [version, undefined, seen[0]?.peerVerified, "anna.test"],
          [version, true, seen[0]?.peerVerified, "anna.test"],
        ],
      );
    });
  }

  test("security row 15: nothing older than TLS 1.2 is spoken, and TLS 1.3 alone where that is said", async (t) => {
    const usual = await serverWith(t);
    const strict = await serverWith(t, { minVersion: "TLSv1.3" });
    const agreed = (port: number, maxVersion: "TLSv1.1" | "TLSv1.2"): Promise<string> =>
      new Promise((resolve) => {
        const socket = connectTls(
          {
            port,
            host: "127.0.0.1",
            rejectUnauthorized: false,
            maxVersion,
            minVersion: "TLSv1",
            ciphers: "DEFAULT:@SECLEVEL=0",
          },
          () => {
            resolve(socket.getProtocol() ?? "");
            socket.destroy();
          },
        );
        socket.on("error", () => resolve("refused"));
      });
    assert.equal(await agreed(usual.port, "TLSv1.1"), "refused");
    assert.equal(await agreed(usual.port, "TLSv1.2"), "TLSv1.2");
    assert.equal(await agreed(strict.port, "TLSv1.2"), "refused");
  });
});
