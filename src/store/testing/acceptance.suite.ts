/** Contract of `Store.accept` and `OctetStore`. */

import assert from "node:assert/strict";

import { concatBytes, encodeLatin1, equalBytes } from "../../base/bytes.ts";
import {
  acceptFor,
  appendTo,
  deliveryTo,
  envelopeOf,
  idAt,
  inboxOf,
  makeAccount,
  MESSAGE,
} from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

const REMOTE = {
  recipient: "bob@example.net",
  transport: "smtp",
  destination: "example.net",
};

/** Octets that tell where they are: a wrong offset shows. */
function patterned(length: number): Uint8Array {
  const octets = new Uint8Array(length);
  for (let index = 0; index < length; index++) octets[index] = (index * 31 + (index >>> 8)) & 0xff;
  return octets;
}

export function acceptanceSuite(on: WithStore): void {
  on("a message is filed with UID, MODSEQ, flags, dates and its prefix", async (store) => {
    const account = await makeAccount(store);
    const inbox = inboxOf(store, account);
    const prefix = encodeLatin1("Return-Path: <sender@example.net>\r\n");
    const accepted = await acceptFor(store, {
      queueId: "Q77",
      deliveries: [deliveryTo(account, { prefix, flags: ["\\Flagged", "$Work"] })],
    });
    assert.equal(accepted.queueId, "Q77");
    const [delivery] = accepted.deliveries;
    assert.equal(delivery.mailboxId, inbox.id);
    assert.equal(delivery.uid, 1);
    const mailbox = await store.mail.open(inbox.grant);
    assert.ok(mailbox);
    assert.equal(mailbox.count, 1);
    assert.equal(mailbox.flags[0], 4 + 256);
    assert.deepEqual(mailbox.keywords, ["$Work"]);
    assert.equal(mailbox.modSeqs[0], delivery.modSeq);
    assert.equal(mailbox.highestModSeq, delivery.modSeq);
    assert.equal(mailbox.internalDatesMs[0], Date.UTC(2026, 0, 1));
    assert.equal(mailbox.sizesOctets[0], MESSAGE.length + prefix.length);
    assert.deepEqual(Buffer.from(store.mail.prefix(inbox.grant, 1)), Buffer.from(prefix));
    const octets = await store.octets.read(mailbox.messageIds[0]);
    assert.ok(equalBytes(octets, MESSAGE));
    const [details] = store.mail.details(
      [mailbox.messageIds[0]],
      ["sizeOctets", "headerOctets", "envelope", "bodyStructure"],
    );
    assert.equal(details?.sizeOctets, MESSAGE.length);
    assert.equal(details?.headerOctets, MESSAGE.length - "Hello, Alice.\r\n".length);
    assert.match(Buffer.from(details?.envelope ?? []).toString(), /^\(.*"hello".*\)$/s);
    assert.match(Buffer.from(details?.bodyStructure ?? []).toString(), /^\("text" "plain" .*\)$/is);
    mailbox.release();
  });

  on("one transaction: several envelopes, local and remote, octets stored once", async (store) => {
    const alice = await makeAccount(store);
    const bob = await makeAccount(store, "bob@example.org");
    const accepted = await store.accept({
      message: store.octets.stageOctets(MESSAGE),
      receivedAtMs: 5,
      envelopes: [
        envelopeOf({ deliveries: [deliveryTo(alice), deliveryTo(bob, { mailbox: "News/Clubs" })] }),
        envelopeOf({ recipients: [REMOTE] }),
      ],
    });
    assert.equal(accepted.length, 2);
    assert.equal(accepted[0].deliveries.length, 2);
    assert.ok(store.mail.mailbox(bob.id, "News"), "the parent is a mailbox too");
    assert.equal(store.queue.counts().due, 1);
    const clubs = store.mail.mailbox(bob.id, "News/Clubs");
    assert.ok(clubs);
    const aliceBox = await store.mail.open(inboxOf(store, alice).grant);
    const bobBox = await store.mail.open(clubs.grant);
    assert.equal(aliceBox?.messageIds[0], bobBox?.messageIds[0]);
    assert.deepEqual(await store.check(), []);
  });

  on("all or nothing: an account that is gone, a quota that is full", async (store) => {
    const alice = await makeAccount(store);
    const small = await makeAccount(store, "small@example.org", { quotaOctets: MESSAGE.length });
    const gone = { ...alice, id: 4711 };
    await assert.rejects(acceptFor(store, { deliveries: [deliveryTo(alice), deliveryTo(gone)] }), {
      code: "not-found",
    });
    await acceptFor(store, { deliveries: [deliveryTo(small)] });
    await assert.rejects(acceptFor(store, { deliveries: [deliveryTo(alice), deliveryTo(small)] }), {
      code: "over-quota",
    });
    assert.equal(store.mail.status(inboxOf(store, alice).grant)?.messages, 0);
    assert.deepEqual(store.directory.usage(small.id), { octets: MESSAGE.length, messages: 1 });
    assert.deepEqual(await store.check(), []);
  });

  on("limits in messages, and limits of a whole domain", async (store) => {
    const full = { code: "over-quota" };
    const few = await makeAccount(store, "few@example.org", { quotaMessages: 2 });
    await acceptFor(store, { deliveries: [deliveryTo(few)] });
    assert.deepEqual(store.directory.room(few.id), { octets: Infinity, messages: 1 });
    const inbox = inboxOf(store, few).grant;
    await assert.rejects(appendTo(store, inbox, 2), full);
    await appendTo(store, inbox, 1);
    await assert.rejects(store.mail.copy(inbox, [1], inbox), full);
    await store.mail.expunge(inbox, [1], false);
    await store.mail.copy(inbox, [2], inbox);

    const [one, two] = [
      await makeAccount(store, "one@small.test"),
      await makeAccount(store, "two@small.test"),
    ];
    await store.directory.changeDomain("small.test", { quotaOctets: MESSAGE.length * 2 + 10 });
    await acceptFor(store, { deliveries: [deliveryTo(one)] });
    await acceptFor(store, { deliveries: [deliveryTo(two)] });
    assert.deepEqual(store.directory.domainUsage("small.test"), {
      octets: MESSAGE.length * 2,
      messages: 2,
    });
    assert.deepEqual(store.directory.room(one.id), { octets: 10, messages: Infinity });
    await assert.rejects(acceptFor(store, { deliveries: [deliveryTo(two)] }), full);
    await store.directory.removeAccount("two@small.test");
    await acceptFor(store, { deliveries: [deliveryTo(one)] });
    await store.directory.changeDomain("small.test", { quotaOctets: null, quotaMessages: 2 });
    await assert.rejects(acceptFor(store, { deliveries: [deliveryTo(one)] }), full);
    assert.deepEqual(await store.check(), []);
  });

  on("a staged message outlives a refused accept", async (store) => {
    const alice = await makeAccount(store);
    const small = await makeAccount(store, "small@example.org", { quotaOctets: 1 });
    for (const size of [100, 300_000]) {
      const message = store.octets.stage();
      const octets = patterned(size);
      await message.write(octets);
      const accept = (account: typeof alice): Promise<unknown> =>
        store.accept({
          message,
          receivedAtMs: 1,
          envelopes: [envelopeOf({ deliveries: [deliveryTo(account)] })],
        });
      await assert.rejects(accept(small), { code: "over-quota" });
      await accept(alice);
      const box = await store.mail.open(inboxOf(store, alice).grant);
      const stored = await store.octets.read(idAt(box, -1));
      assert.ok(equalBytes(stored, octets));
      await message.discard();
    }
    assert.deepEqual(await store.check(), []);
  });

  on("security row 94: a quota is exact under fifty parallel deliveries", async (store) => {
    const fits = 17;
    const account = await makeAccount(store, "alice@example.org", {
      quotaOctets: MESSAGE.length * fits + 5,
    });
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, () => acceptFor(store, { deliveries: [deliveryTo(account)] })),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, fits);
    assert.deepEqual(store.directory.usage(account.id), {
      octets: MESSAGE.length * fits,
      messages: fits,
    });
    const box = await store.mail.open(inboxOf(store, account).grant);
    assert.deepEqual(
      Array.from(box?.uids.subarray(0, box.count) ?? []),
      Array.from({ length: fits }, (_, index) => index + 1),
    );
  });

  on("concurrent accepts: UIDs follow MODSEQs, each caller has its own", async (store) => {
    const account = await makeAccount(store);
    const inbox = inboxOf(store, account);
    const box = await store.mail.open(inbox.grant);
    assert.ok(box);
    const seen: number[] = [];
    box.onChange((change) => {
      if (change.kind === "added") seen.push(...change.uids);
    });
    const accepted = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        acceptFor(
          store,
          { deliveries: [deliveryTo(account)] },
          encodeLatin1(`Subject: ${index}\r\n\r\nbody ${index}\r\n`),
        ),
      ),
    );
    const uids = accepted.map(({ deliveries }) => deliveries[0].uid);
    assert.equal(new Set(uids).size, 40);
    assert.deepEqual(
      seen,
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    for (let index = 0; index < 40; index++) {
      const position = box.indexOfUid(uids[index]);
      const octets = await store.octets.read(box.messageIds[position]);
      assert.match(Buffer.from(octets).toString(), new RegExp(`^Subject: ${index}\r\n`));
    }
    const modSeqs = Array.from(box.modSeqs.subarray(0, 40));
    assert.deepEqual(
      modSeqs,
      modSeqs.toSorted((a, b) => a - b),
    );
    box.release();
  });

  for (const size of [0, 1, 4096, 256 * 1024, 256 * 1024 + 1, 3_000_000]) {
    on(`${size} octets come back as they went in, whole and in ranges`, async (store) => {
      const account = await makeAccount(store);
      const octets = patterned(size);
      const message = store.octets.stage();
      for (let at = 0; at < size; at += 65_521)
        await message.write(octets.subarray(at, at + 65_521));
      assert.equal(message.sizeOctets, size);
      assert.ok(equalBytes(await message.head(100), octets.subarray(0, 100)));
      await store.accept({
        message,
        receivedAtMs: 1,
        envelopes: [envelopeOf({ deliveries: [deliveryTo(account)] })],
      });
      await message.discard();
      const box = await store.mail.open(inboxOf(store, account).grant);
      const id = idAt(box, 0);
      assert.equal(store.octets.sizeOctets(id), size);
      assert.ok(equalBytes(await store.octets.read(id), octets));
      assert.ok(equalBytes(await store.octets.read(id, 10, 20), octets.subarray(10, 20)));
      assert.ok(equalBytes(await store.octets.read(id, size - 5), octets.slice(size - 5)));
      assert.equal((await store.octets.read(id, size, size + 10)).length, 0);
      box?.release();
      assert.deepEqual(await store.check(), []);
    });
  }

  on("the caller may use its array again after write", async (store) => {
    const account = await makeAccount(store);
    const message = store.octets.stage();
    const buffer = encodeLatin1("Subject: one\r\n\r\n").slice();
    await message.write(buffer);
    buffer.fill(0);
    await store.accept({
      message,
      receivedAtMs: 1,
      envelopes: [envelopeOf({ deliveries: [deliveryTo(account)] })],
    });
    const box = await store.mail.open(inboxOf(store, account).grant);
    const stored = await store.octets.read(idAt(box, 0));
    assert.equal(Buffer.from(stored).toString(), "Subject: one\r\n\r\n");
  });

  on("a stored message can be accepted again, and goes with its last reference", async (store) => {
    const account = await makeAccount(store);
    const inbox = inboxOf(store, account);
    await acceptFor(store, { deliveries: [deliveryTo(account)] });
    const box = await store.mail.open(inbox.grant);
    assert.ok(box);
    const id = box.messageIds[0];
    await acceptFor(store, { recipients: [REMOTE] }, MESSAGE, { message: { stored: id } });
    await store.mail.expunge(inbox.grant, "all", false);
    assert.ok(equalBytes(await store.octets.read(id), MESSAGE));
    await store.queue.delete({});
    await assert.rejects(store.octets.read(id), { code: "not-found" });
    assert.equal(store.octets.sizeOctets(id), undefined);
    assert.deepEqual(store.mail.details([id], []), [undefined]);
    await assert.rejects(
      acceptFor(store, { recipients: [REMOTE] }, MESSAGE, { message: { stored: id } }),
      { code: "not-found" },
    );
    assert.deepEqual(await store.check(), []);
  });

  on("security row 89: interleaved traffic shows nobody a foreign message", async (store) => {
    await store.directory.addDomain({ name: "example.org" });
    const users = await Promise.all(
      ["a", "b", "c"].map(async (name) => {
        const address = `${name}@example.org`;
        const account = await store.directory.addAccount({ address, password: "x" });
        const box = await store.mail.open(inboxOf(store, account).grant);
        assert.ok(box);
        return { name, account, box };
      }),
    );
    const jobs = users.flatMap(({ name, account }) =>
      Array.from({ length: 20 }, (_, index) =>
        acceptFor(
          store,
          {
            deliveries: [
              deliveryTo(account, { prefix: encodeLatin1(`Delivered-To: ${name}\r\n`) }),
            ],
          },
          encodeLatin1(`Subject: for ${name} ${index}\r\n\r\n`),
        ),
      ),
    );
    await Promise.all(jobs);
    for (const { name, box } of users) {
      assert.equal(box.count, 20);
      for (let index = 0; index < 20; index++) {
        const octets = await store.octets.read(box.messageIds[index]);
        assert.match(Buffer.from(octets).toString(), new RegExp(`^Subject: for ${name} `));
        const prefix = Buffer.from(store.mail.prefix(box.info.grant, box.uids[index])).toString();
        assert.equal(prefix, `Delivered-To: ${name}\r\n`);
      }
    }
  });

  on("nothing to file and nothing to queue stores nothing", async (store) => {
    const accepted = await acceptFor(store, { queueId: "Q0" });
    assert.deepEqual(accepted, { queueId: "Q0", deliveries: [] });
    assert.deepEqual(await store.check(), []);
  });

  on("security row 29: a message no parser likes is stored as it came", async (store) => {
    const account = await makeAccount(store);
    const nested = `Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n`;
    for (const octets of [
      new Uint8Array(0),
      Uint8Array.of(0, 13, 10, 0),
      encodeLatin1("no header at all"),
      encodeLatin1(nested.repeat(3000)),
      encodeLatin1(`To: ${"<".repeat(50_000)}\r\n\r\n`),
      concatBytes([encodeLatin1("Subject: "), patterned(5000)]),
    ]) {
      await acceptFor(store, { deliveries: [deliveryTo(account)] }, octets);
      const box = await store.mail.open(inboxOf(store, account).grant);
      const id = idAt(box, -1);
      assert.ok(equalBytes(await store.octets.read(id), octets));
      assert.equal(store.mail.details([id], ["sizeOctets"])[0]?.sizeOctets, octets.length);
    }
    assert.deepEqual(await store.check(), []);
  });

  on("what was accepted is there after a restart", async (store, { open }) => {
    const account = await makeAccount(store);
    const inbox = inboxOf(store, account);
    await acceptFor(store, { deliveries: [deliveryTo(account)], recipients: [REMOTE] });
    await store.close();
    const again = await open();
    const box = await again.mail.open(inbox.grant);
    assert.equal(box?.count, 1);
    assert.ok(equalBytes(await again.octets.read(box.messageIds[0]), MESSAGE));
    assert.equal(again.queue.counts().due, 1);
    const accepted = await acceptFor(again, { deliveries: [deliveryTo(account)] });
    assert.equal(accepted.deliveries[0].uid, 2);
    await again.close();
  });

  on("a closed store says so", async (store) => {
    await store.close();
    await assert.rejects(acceptFor(store, { recipients: [REMOTE] }), { code: "store-closed" });
    assert.throws(() => store.queue.counts(), { code: "store-closed" });
  });
}
