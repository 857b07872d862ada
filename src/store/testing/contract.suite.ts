/**
 * The one suite every store must pass (`contract.ts`). A store's own test file calls it with a way
 * to make an empty one.
 */

import { suite } from "node:test";

import { aclSuite } from "./acl.suite.ts";
import { acceptanceSuite } from "./acceptance.suite.ts";
import { bulkSuite } from "./bulk.suite.ts";
import { claimSuite } from "./claim.suite.ts";
import { directorySuite } from "./directory.suite.ts";
import { mailSuite } from "./mail.suite.ts";
import { replaceSuite } from "./replace.suite.ts";
import { mailboxSuite } from "./mailbox.suite.ts";
import { queueSuite } from "./queue.suite.ts";
import type { StoreFixture } from "./store-fixture.ts";
import { withStore } from "./with-store.ts";

export function storeContract(name: string, makeFixture: () => Promise<StoreFixture>): void {
  // Most of a test is waiting for the store's threads: three share the time of one.
  void suite(name, { concurrency: 3 }, () => {
    directorySuite(withStore(makeFixture, `${name} directory`));
    acceptanceSuite(withStore(makeFixture, `${name} accept`));
    mailboxSuite(withStore(makeFixture, `${name} mailboxes`));
    aclSuite(withStore(makeFixture, `${name} access lists`));
    mailSuite(withStore(makeFixture, `${name} mail`));
    bulkSuite(withStore(makeFixture, `${name} many at once`));
    replaceSuite(withStore(makeFixture, `${name} replace`));
    claimSuite(withStore(makeFixture, `${name} claims`));
    queueSuite(withStore(makeFixture, `${name} queue`));
  });
}
