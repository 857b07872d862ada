/** The rows of `[store]`: how the data folder is kept. */

import { duration, size } from "./kinds.ts";
import { setting } from "./make-setting.ts";
import type { Group } from "./setting.ts";
import type { StoreSettings } from "./settings-shape.ts";

export const STORE: Group<StoreSettings> = {
  kind: "group",
  doc: "How the data folder is kept. Space that expunged messages held is given back in the background.",
  members: {
    packAfter: setting({
      schema: duration,
      default: 86_400_000,
      type: 'time; "0s" for never',
      defaultText: '"1d"',
      doc: "Messages are compressed, where that pays, when the file that holds them has been full for so long. Mail programs see no difference.",
    }),
    minFreeSpace: setting({
      schema: size,
      default: 64 << 20,
      type: "size",
      defaultText: '"64MB"',
      doc: "With less than this free on the disk, mail from others is put off with 452, so that what is on its way out has room.",
    }),
  },
};
