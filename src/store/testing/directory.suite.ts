/** Contract of `Directory` and `Credentials`. */

import assert from "node:assert/strict";

import { makeAccount } from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

export function directorySuite(on: WithStore): void {
  on("domains are added, found without case, changed and removed", async (store) => {
    const domain = await store.directory.addDomain({ name: "Example.ORG" });
    assert.equal(domain.name, "example.org");
    assert.deepEqual(store.directory.domain("EXAMPLE.org"), domain);
    assert.equal(store.directory.domain("example.com"), undefined);
    await assert.rejects(store.directory.addDomain({ name: "example.org" }), {
      code: "already-exists",
    });
    const changed = await store.directory.changeDomain("example.org", { catchAll: "a@b.test" });
    assert.equal(changed.catchAll, "a@b.test");
    assert.equal(
      (await store.directory.changeDomain("example.org", { catchAll: null })).catchAll,
      undefined,
    );
    await makeAccount(store);
    await assert.rejects(store.directory.removeDomain("example.org"), { code: "refused" });
    await store.directory.removeAccount("alice@example.org");
    await store.directory.removeDomain("example.org");
    assert.deepEqual(store.directory.domains(), []);
  });

  on("a domain alias follows a domain of ours, holds nothing, and goes first", async (store) => {
    const { directory } = store;
    await makeAccount(store);
    const refused = { code: "refused" };
    const alias = await directory.addDomainAlias({ name: "NEW.example", follows: "example.ORG" });
    assert.equal(alias.follows, "example.org");
    assert.deepEqual(directory.domain("new.example"), alias);
    assert.equal("follows" in (directory.domain("example.org") ?? {}), false);
    await assert.rejects(
      directory.addDomainAlias({ name: "new.example", follows: "example.org" }),
      {
        code: "already-exists",
      },
    );
    await assert.rejects(directory.addDomainAlias({ name: "a.example", follows: "far.example" }), {
      code: "not-found",
    });
    // No chains: where an address leads is said in one step.
    await assert.rejects(
      directory.addDomainAlias({ name: "a.example", follows: "new.example" }),
      refused,
    );
    await assert.rejects(makeAccount(store, "bob@new.example"), refused);
    await assert.rejects(
      directory.addAlias({ address: "info@new.example", targets: ["a@b.test"] }),
      refused,
    );
    await assert.rejects(directory.changeDomain("new.example", { catchAll: "a@b.test" }), refused);
    await directory.removeAccount("alice@example.org");
    await assert.rejects(directory.removeDomain("example.org"), refused);
    await directory.removeDomain("new.example");
    await directory.removeDomain("example.org");
    assert.deepEqual(directory.domains(), []);
  });

  on("an account has INBOX and the special-use mailboxes, subscribed", async (store) => {
    const account = await makeAccount(store, "Alice@Example.org");
    assert.equal(account.address, "alice@example.org");
    assert.deepEqual(
      store.mail
        .mailboxes(account.id)
        .map(({ name, specialUse, isSubscribed }) => [name, specialUse, isSubscribed]),
      [
        ["INBOX", undefined, true],
        ["Archive", "\\Archive", true],
        ["Drafts", "\\Drafts", true],
        ["Junk", "\\Junk", true],
        ["Sent", "\\Sent", true],
        ["Trash", "\\Trash", true],
      ],
    );
    assert.deepEqual(store.directory.account("ALICE@example.ORG"), account);
    assert.deepEqual(store.directory.accountById(account.id), account);
    assert.deepEqual(store.directory.usage(account.id), { octets: 0, messages: 0 });
  });

  on("one address leads to one thing", async (store) => {
    await makeAccount(store);
    const targets = ["bob@example.net"];
    await assert.rejects(store.directory.addAlias({ address: "ALICE@example.org", targets }), {
      code: "already-exists",
    });
    await assert.rejects(store.directory.addAlias({ address: "x@nowhere.test", targets }), {
      code: "not-found",
    });
    await assert.rejects(store.directory.addAlias({ address: "no address", targets }), {
      code: "refused",
    });
  });

  on("aliases keep their targets in order, and the case of remote local parts", async (store) => {
    await makeAccount(store);
    const alias = await store.directory.addAlias({
      address: "Sales@example.org",
      targets: ["Bob@Example.NET", "alice@example.org"],
    });
    assert.deepEqual(alias.targets, ["Bob@example.net", "alice@example.org"]);
    assert.deepEqual(store.directory.alias("sales@EXAMPLE.org"), alias);
    await store.directory.changeAlias("sales@example.org", ["c@example.com"]);
    assert.deepEqual(store.directory.alias("sales@example.org")?.targets, ["c@example.com"]);
    assert.equal(store.directory.aliases("example.org").length, 1);
    await store.directory.removeAlias("sales@example.org");
    assert.equal(store.directory.alias("sales@example.org"), undefined);
    await assert.rejects(store.directory.removeAlias("sales@example.org"), { code: "not-found" });
  });

  on("lists are added, changed and removed", async (store) => {
    await makeAccount(store);
    const list = await store.directory.addList({
      address: "club@example.org",
      displayName: "The club",
      owner: "alice@example.org",
      members: ["a@example.net", "b@example.net"],
      posting: "members",
    });
    assert.deepEqual(store.directory.list("CLUB@example.org"), list);
    const changed = await store.directory.changeList("club@example.org", { members: [] });
    assert.deepEqual(changed, { ...list, members: [] });
    await store.directory.removeList("club@example.org");
    assert.deepEqual(store.directory.lists(), []);
  });

  on("what one process changes another one finds", async (store, { open, clock }) => {
    const other = await open();
    await makeAccount(store);
    await clock.advance(1000);
    assert.equal(other.directory.account("alice@example.org")?.address, "alice@example.org");
    await other.directory.removeAccount("alice@example.org");
    await clock.advance(1000);
    assert.equal(store.directory.account("alice@example.org"), undefined);
    await other.close();
  });

  on("passwords: right, wrong, unknown, disabled", async (store) => {
    const account = await makeAccount(store);
    const accepted = { verdict: "accepted", accountId: account.id, address: account.address };
    const { credentials } = store;
    assert.deepEqual(
      await credentials.verifyPassword("Alice@example.org", "correct horse"),
      accepted,
    );
    assert.deepEqual(await credentials.verifyPassword("alice", "correct horse"), accepted);
    assert.deepEqual(await credentials.verifyPassword("alice", "wrong"), { verdict: "refused" });
    assert.deepEqual(await credentials.verifyPassword("nobody", "x"), { verdict: "refused" });
    assert.deepEqual(await credentials.verifyPassword("alice@example.com", "correct horse"), {
      verdict: "refused",
    });
    await store.directory.changeAccount(account.address, { isEnabled: false });
    assert.deepEqual(await credentials.verifyPassword("alice", "correct horse"), {
      verdict: "disabled",
    });
    assert.deepEqual(await credentials.verifyPassword("alice", "wrong"), { verdict: "refused" });
    assert.equal(credentials.accountByName("alice")?.isEnabled, false);
  });

  on("a changed password ends the old one at once, remembered or not", async (store) => {
    const { address } = await makeAccount(store);
    await store.credentials.verifyPassword("alice", "correct horse");
    await store.directory.changeAccount(address, { password: "battery staple" });
    assert.equal(
      (await store.credentials.verifyPassword("alice", "correct horse")).verdict,
      "refused",
    );
    assert.equal(
      (await store.credentials.verifyPassword("alice", "battery staple")).verdict,
      "accepted",
    );
  });

  on("secrets are stable, and others for each purpose", async (store) => {
    const secret = store.credentials.secretFor("one");
    assert.equal(secret.length, 32);
    assert.deepEqual(store.credentials.secretFor("one"), secret);
    assert.notDeepEqual(store.credentials.secretFor("two"), secret);
  });

  on("tokens are passwords that expire and can be revoked", async (store, { clock }) => {
    const { address } = await makeAccount(store);
    await makeAccount(store, "bob@example.org");
    const verdict = async (name: string, token: string): Promise<string> =>
      (await store.credentials.verifyPassword(name, token)).verdict;
    const token = await store.credentials.makeToken(address, "mail", 60_000);
    assert.equal(await verdict(address, token), "accepted");
    assert.equal(await verdict("bob@example.org", token), "refused");
    await clock.advance(60_001);
    assert.equal(await verdict(address, token), "refused");
    const second = await store.credentials.makeToken(address, "mail", 60_000);
    const third = await store.credentials.makeToken(address, "send", 60_000);
    assert.equal(await store.credentials.revokeTokens(address, "mail"), 1);
    assert.equal(await verdict(address, second), "refused");
    assert.equal(await verdict(address, third), "accepted");
    assert.equal(await store.credentials.revokeTokens(address), 1);
  });

  on("SCRAM verifiers: real, and stable ones for nobody", async (store, { open }) => {
    await makeAccount(store);
    const { credentials } = store;
    const real = await credentials.scramVerifier("alice@example.org", "sha256");
    assert.equal(real.storedKey.length, 32);
    assert.equal((await credentials.scramVerifier("alice", "sha1")).storedKey.length, 20);
    const nobody = await credentials.scramVerifier("nobody@example.org", "sha256");
    assert.equal(nobody.iterations, real.iterations);
    assert.equal(nobody.salt.length, real.salt.length);
    assert.deepEqual(await credentials.scramVerifier("Nobody@example.org", "sha256"), nobody);
    const other = await open();
    assert.deepEqual(await other.credentials.scramVerifier("nobody@example.org", "sha256"), nobody);
    await other.close();
  });

  on("removing an account removes its mail from the disk", async (store) => {
    const account = await makeAccount(store);
    await makeAccount(store, "bob@example.org");
    await store.directory.removeAccount(account.address);
    assert.deepEqual(store.mail.mailboxes(account.id), []);
    assert.deepEqual(await store.check(), []);
    const again = await store.directory.addAccount({ address: account.address, password: "x" });
    assert.notEqual(again.id, account.id);
  });

  on("security row 33: quotes and SQL in every stored field are data", async (store) => {
    const evil = `x'"; DROP TABLE account; --\u0000%_\\`;
    await store.directory.addDomain({ name: "example.org" });
    // No password has a NUL in it (RFC 8265 §4.2).
    const password = evil.replace("\0", "");
    const account = await store.directory.addAccount({
      address: `"o'brien\\"; drop"@example.org`,
      password,
      displayName: evil,
    });
    assert.equal(store.directory.accountById(account.id)?.displayName, evil);
    const verdict = await store.credentials.verifyPassword(account.address, password);
    assert.equal(verdict.verdict, "accepted");
    assert.equal((await store.credentials.verifyPassword(evil, evil)).verdict, "refused");
    const name = `x'"; DROP TABLE mailbox; --%_\\`;
    const mailbox = await store.mail.createMailbox(account.id, name);
    assert.equal(store.mail.mailbox(account.id, name)?.id, mailbox.id);
    assert.deepEqual(store.queue.list({ sender: evil, recipient: evil, domain: evil }), []);
    assert.deepEqual(await store.check(), []);
  });

  on("security row 38: an unknown name costs as much as a wrong password", async (store) => {
    await makeAccount(store);
    const medianMs = async (name: string): Promise<number> => {
      const times: number[] = [];
      for (let round = 0; round < 9; round++) {
        const from = performance.now();
        await store.credentials.verifyPassword(name, `wrong ${round}`);
        times.push(performance.now() - from);
      }
      return times.sort((a, b) => a - b)[4];
    };
    await store.credentials.verifyPassword("nobody", "warm up");
    const unknown = await medianMs("nobody");
    const wrong = await medianMs("alice");
    // Far apart would be a factor of a hundred: a look-up against a hash.
    assert.ok(unknown > wrong / 8, `${unknown} ms against ${wrong} ms`);
  });
}
