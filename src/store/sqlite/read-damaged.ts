/** What can still be read of a message whose octets are not all there, or not what they were. */

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

import { Database } from "./database.ts";
import { unpack } from "./packed-octets.ts";
import type { StoreFolders } from "./store-files.ts";

type Place = {
  readonly file: string | null;
  readonly start: number;
  readonly size: number;
  readonly packed: number | null;
};

/** Undefined if nothing can be. */
export async function readDamaged(
  folders: StoreFolders,
  id: number,
): Promise<Uint8Array | undefined> {
  const place = placeOf(folders, id);
  if (place === undefined || place.file === null) return undefined;
  const handle = await open(
    join(folders.segments, place.file),
    constants.O_RDONLY | constants.O_NOFOLLOW,
  ).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const octets = new Uint8Array(place.packed ?? place.size);
    const { bytesRead } = await handle.read(octets, 0, octets.length, place.start);
    const found = octets.subarray(0, bytesRead);
    return place.packed === null ? found : unpack(found, place.size);
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

function placeOf(folders: StoreFolders, id: number): Place | undefined {
  const database = Database.openForReading(folders.database);
  try {
    return database.get<Place>(
      `SELECT file, start, size_octets AS size, packed_octets AS packed
       FROM message LEFT JOIN segment ON segment.id = segment_id WHERE message.id = ?`,
      id,
    );
  } finally {
    database.close();
  }
}
