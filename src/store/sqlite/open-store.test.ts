import { rmSync } from "node:fs";

import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { storeContract } from "../testing/contract.suite.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore } from "./open-store.ts";

storeContract("sqlite", () => {
  const folder = makeTempFolder("store");
  const clock = new TestClock();
  const random = new SeededRandom();
  return Promise.resolve({
    clock,
    open: () => openStore({ folder, clock, random, log: silentLog, watchIntervalMs: 5 }),
    cleanUp: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  });
});
