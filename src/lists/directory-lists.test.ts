import { test } from "node:test";
import assert from "node:assert/strict";
import { decodeUtf8 } from "../base/bytes.ts";
import type { List } from "../store/directory.ts";
import { DirectoryLists } from "./directory-lists.ts";

function listOf(changes: Partial<List> = {}): List {
  return {
    id: 1,
    address: "club@us.test",
    displayName: "The Club",
    owner: "ben@us.test",
    members: ["anna@us.test", "Bob@far.test"],
    posting: "members",
    ...changes,
  };
}

function hostOf(list: List): DirectoryLists {
  return new DirectoryLists({
    list: (address) => (address === list.address ? list : undefined),
  });
}

test("the posting address, and the addresses beside it that lead to the owner", () => {
  const lists = hostOf(listOf());
  const posting = lists.find("club@us.test");
  assert.ok(posting?.role === "post");
  assert.equal(posting.reversePath, "club-bounces@us.test");
  assert.equal(posting.listId, "club.us.test");
  const roles = {
    "club-owner@us.test": "owner",
    "club-request@us.test": "request",
    "club-bounces@us.test": "bounces",
    "owner-club@us.test": "owner",
  };
  for (const [address, role] of Object.entries(roles)) {
    const found = lists.find(address);
    assert.ok(found !== undefined && found.role !== "post");
    assert.deepEqual([found.role, found.leadsTo], [role, "ben@us.test"]);
  }
  for (const address of ["-owner@us.test", "owner-@us.test", "club-x@us.test", "club@far.test"]) {
    assert.equal(lists.find(address), undefined, address);
  }
});

test("who may post", () => {
  const may = (posting: List["posting"], reversePath: string, account?: string): boolean => {
    const list = listOf({ posting });
    return hostOf(list).refusePost(list, { reversePath, account }) === undefined;
  };
  assert.ok(may("anyone", "x@evil.test"));
  assert.ok(may("members", "ANNA@us.test"));
  assert.ok(may("members", "bob@far.test"));
  assert.ok(may("members", "other@us.test", "anna@us.test"));
  assert.ok(may("members", "ben@us.test"));
  assert.ok(!may("members", "x@evil.test"));
  assert.ok(!may("owner", "anna@us.test"));
  assert.ok(may("owner", "ben@us.test"));
});

test("security row 48: a report is never posted, not even where anyone may post", () => {
  const list = listOf({ posting: "anyone" });
  const refusal = hostOf(list).refusePost(list, { reversePath: "", account: undefined });
  assert.equal(refusal?.status, "5.7.1");
});

test("RFC 2369, RFC 2919: fields are well formed for odd names, and no name can add a field", () => {
  const fields = (changes: Partial<List>): string => {
    const list = listOf(changes);
    const found = hostOf(list).find(list.address);
    assert.ok(found?.role === "post");
    return decodeUtf8(found.prefix);
  };
  assert.match(fields({ displayName: "" }), /^List-Id: <club\.us\.test>\r\n/);
  assert.match(
    fields({ displayName: "Größe" }),
    /^List-Id: =\?utf-8\?[BQ]\?[^?]+\?=\r\n\t<club\.us\.test>\r\n/,
  );
  const evil = fields({ displayName: "a\r\nBcc: x@y\r\n\r\n<html>" });
  assert.doesNotMatch(evil, /^Bcc/m);
  assert.equal(evil.match(/\r\n(?!\t)/g)?.length, 6);
  const odd = fields({ address: '"a b?c"@us.test' });
  assert.match(odd, /List-Post: <mailto:a%20b%3Fc@us\.test>\r\n/);
  assert.match(odd, /^List-Id: "?The Club"?\r\n\t<a-b-c\.us\.test>\r\n/);
});
