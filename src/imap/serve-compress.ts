/** COMPRESS DEFLATE (RFC 4978): after the tagged OK both directions are compressed. */

import { no, okay } from "./completion.ts";
import type { CompressCommand } from "./command/compress.ts";
import type { Connection } from "./connection.ts";

/** Answers itself, because the OK is the last thing said uncompressed. */
export async function serveCompress(
  connection: Connection,
  tag: string,
  command: CompressCommand,
): Promise<void> {
  const { compress } = connection.options;
  if (command.algorithm !== "DEFLATE" || compress === undefined) {
    return connection.complete(tag, "COMPRESS", no("That cannot be done here", "CANNOT"));
  }
  if (connection.isCompressed) {
    return connection.complete(tag, "COMPRESS", no("It is on already", "COMPRESSIONACTIVE"));
  }
  connection.complete(tag, "COMPRESS", okay("DEFLATE begins"));
  await connection.out.flush();
  connection.compressWith(compress(connection.channel, connection.decoder.takeBuffered()));
}
