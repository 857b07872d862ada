/** Messages that follow from their number alone, so that two processes agree on what was sent. */

/** Small ones mostly; every 61st is large enough to be spooled. */
export function madeMessage(id: number): Uint8Array {
  const length = id % 61 === 0 ? 300_000 + (id % 1000) : 200 + ((id * 7919) % 5800);
  const head = `Subject: message ${id}\r\nMessage-ID: <${id}@crash.test>\r\n\r\n`;
  const line = `${id} says the same thing again and again, to be told from ${id + 1}.\r\n`;
  return Buffer.from((head + line.repeat(Math.ceil(length / line.length))).slice(0, length));
}

export function idOf(octets: Uint8Array): number {
  return Number(
    /^Subject: message (\d+)/.exec(Buffer.from(octets.subarray(0, 60)).toString())?.[1],
  );
}
