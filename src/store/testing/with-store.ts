/** Gives each test of the contract suite an empty store of its own. */

import { test } from "node:test";

import type { Store } from "../contract.ts";
import type { StoreFixture } from "./store-fixture.ts";

export type WithStore = (
  name: string,
  body: (store: Store, fixture: StoreFixture) => Promise<void>,
) => void;

export function withStore(makeFixture: () => Promise<StoreFixture>, suite: string): WithStore {
  return (name, body) => {
    void test(`${suite}: ${name}`, async () => {
      const fixture = await makeFixture();
      const store = await fixture.open();
      try {
        await body(store, fixture);
      } finally {
        await store.close();
        await fixture.cleanUp();
      }
    });
  };
}
