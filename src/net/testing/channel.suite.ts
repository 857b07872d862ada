/** What every Channel must do, whatever it is made of. Test files call it with a way to make a pair. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Channel } from "../../base/channel.ts";
import { isMailError } from "../../base/errors.ts";

export type ChannelPair = {
  readonly client: Channel;
  readonly server: Channel;
  readonly end: () => Promise<void>;
};

export async function readExactly(channel: Channel, length: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let got = 0;
  while (got < length) {
    const piece = await channel.read(5_000);
    assert.ok(piece !== undefined, `the channel ended after ${got} of ${length} octets`);
    assert.ok(piece.length > 0, "a read gives at least one octet");
    pieces.push(piece);
    got += piece.length;
  }
  return Buffer.concat(pieces);
}

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const textOf = (bytes: Uint8Array | undefined): string =>
  Buffer.from(bytes ?? []).toString("latin1");

export function channelSuite(name: string, makePair: () => Promise<ChannelPair>): void {
  const withPair = (title: string, body: (pair: ChannelPair) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => {
      const pair = await makePair();
      try {
        await body(pair);
      } finally {
        await pair.end();
      }
    });
  };

  withPair("octets arrive in order, both ways", async ({ client, server }) => {
    void client.write(octets("EHLO one\r\n"));
    void client.write(octets("NOOP\r\n"));
    assert.equal(textOf(await readExactly(server, 16)), "EHLO one\r\nNOOP\r\n");
    await server.write(octets("250 fine\r\n"));
    assert.equal(textOf(await readExactly(client, 10)), "250 fine\r\n");
  });

  withPair("every octet value survives", async ({ client, server }) => {
    const all = Uint8Array.from({ length: 256 }, (_, value) => value);
    await client.write(all);
    assert.deepEqual([...(await readExactly(server, 256))], [...all]);
  });

  withPair("a long write arrives whole", async ({ client, server }) => {
    const long = new Uint8Array(3_000_000);
    for (let i = 0; i < long.length; i++) long[i] = (i * 31) & 255;
    const written = client.write(long);
    const got = await readExactly(server, long.length);
    await written;
    assert.ok(Buffer.from(got).equals(Buffer.from(long)));
  });

  withPair("the end of input is undefined, again and again", async ({ client, server }) => {
    await client.write(octets("QUIT\r\n"));
    const closed = client.close();
    assert.equal(textOf(await readExactly(server, 6)), "QUIT\r\n");
    assert.equal(await server.read(5_000), undefined);
    assert.equal(await server.read(5_000), undefined);
    await server.close();
    await closed;
  });

  withPair("close and abort may be called twice and never reject", async ({ client, server }) => {
    await client.close();
    await client.close();
    client.abort();
    server.abort();
    server.abort();
    await server.close();
  });

  withPair("what is read belongs to the reader", async ({ client, server }) => {
    await client.write(octets("first"));
    const first = await readExactly(server, 5);
    await client.write(octets("again"));
    await readExactly(server, 5);
    assert.equal(textOf(first), "first");
  });

  withPair("after abort reads and writes reject with channel-closed", async ({ client }) => {
    client.abort();
    await assert.rejects(client.read(1_000), (error) => isMailError(error, "channel-closed"));
    await assert.rejects(client.write(octets("x")), (error) =>
      isMailError(error, "channel-closed"),
    );
  });

  withPair("a waiting read is woken by abort", async ({ client }) => {
    const waiting = client.read(60_000);
    client.abort();
    await assert.rejects(waiting, (error) => isMailError(error, "channel-closed"));
  });
}
