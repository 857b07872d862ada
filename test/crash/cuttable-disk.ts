/**
 * A small ext4 disk in a file whose power can be cut: what was written and not synced is gone, as
 * after a real power cut (EXT4_IOC_SHUTDOWN without flushing the journal). Needs root, a loop device
 * and Python, which has the ioctl.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const CUT = `
import fcntl, os, struct, sys
# EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))
`;

export class CuttableDisk {
  readonly mountPoint: string;
  readonly #image: string;

  private constructor(folder: string) {
    this.#image = join(folder, "disk.img");
    this.mountPoint = join(folder, "disk");
  }

  /** Undefined where the machine does not let us: no root, no loop device, no mkfs. */
  static make(folder: string, sizeMib: number): CuttableDisk | undefined {
    const disk = new CuttableDisk(folder);
    mkdirSync(disk.mountPoint, { recursive: true });
    const isMade =
      succeeds("truncate", "-s", `${sizeMib}M`, disk.#image) &&
      succeeds("mkfs.ext4", "-q", "-F", disk.#image) &&
      succeeds("mount", "-o", "loop", disk.#image, disk.mountPoint);
    if (isMade && succeeds("python3", "-c", "import fcntl")) return disk;
    if (isMade) succeeds("umount", disk.mountPoint);
    return undefined;
  }

  /** From here on nothing reaches the disk, and every sync fails. */
  cut(): void {
    if (!succeeds("python3", "-c", CUT, this.mountPoint)) throw new Error("the power stays on");
  }

  /** The machine starts again: only processes that have gone hold nothing open. */
  restart(): void {
    succeeds("umount", "-l", this.mountPoint);
    for (let tries = 0; tries < 50; tries++) {
      if (succeeds("mount", "-o", "loop", this.#image, this.mountPoint)) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
    throw new Error("the disk cannot be mounted again");
  }

  remove(): void {
    succeeds("umount", "-l", this.mountPoint);
    rmSync(this.#image, { force: true });
  }
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
