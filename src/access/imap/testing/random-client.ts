/**
 * One session that does random legal things, held against the model: after every command the session
 * knows what is true, as far as it may have been told. `isAlone` says that nobody else does something
 * at the same time; then what is known is exact.
 */

import assert from "node:assert/strict";
import type { SeededRandom } from "../../../base/testing/seeded-random.ts";
import { ClientView, uidsOfSet } from "./client-view.ts";
import type { ImapDialogue } from "./imap-dialogue.ts";
import type { ImapWorld } from "./imap-world.ts";
import {
  FLAGS,
  messageText,
  pick,
  randomSearch,
  sortedFlags,
  type ModelMailbox,
  type ModelMessage,
} from "./mail-model.ts";

type Options = {
  readonly world: ImapWorld;
  readonly random: SeededRandom;
  readonly user: string;
  /** A keyword that only this session changes. */
  readonly keyword: string;
  readonly enables: string;
  readonly mailboxes: readonly ModelMailbox[];
};

let letters = 0;

export class RandomClient {
  readonly #options: Options;
  #session!: ImapDialogue;
  #mailbox: ModelMailbox | undefined;
  #view = new ClientView();
  #isQresync = false;
  #isIdle = false;
  /** NOTIFY lets EXPUNGE come at any time: only UIDs are used. */
  #isPushed = false;
  #isReadOnly = false;
  #isAlone = true;
  /** What was done last, for a report. */
  readonly log: string[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { world, user, enables } = this.#options;
    this.#session = await world.login(user);
    this.#mailbox = undefined;
    this.#isIdle = false;
    this.#isPushed = false;
    this.#isQresync = enables.includes("QRESYNC");
    if (enables !== "") await this.#session.ok(`ENABLE ${enables}`);
  }

  close(): void {
    this.#session.close();
  }

  /** Something that may happen in any order with what others do. */
  async stepAmongOthers(isFlags: boolean): Promise<void> {
    this.#isAlone = false;
    await this.#wakeUp();
    if (this.#mailbox === undefined) return this.#append();
    if (isFlags) {
      const { keyword } = this.#options;
      return this.#pick([
        () => this.#store([keyword]),
        () => this.#store([keyword]),
        () => this.#append(),
        () => this.#search(),
      ]);
    }
    return this.#pick([
      () => this.#append(),
      () => this.#transfer("COPY"),
      () => this.#transfer("MOVE"),
      () => this.#expunge(true),
      () => this.#search(),
      () => this.#fetch(),
      () => this.#noop(),
      () => this.#idle(),
    ]);
  }

  async step(): Promise<void> {
    this.#isAlone = true;
    await this.#wakeUp();
    const { random } = this.#options;
    const mailbox = this.#mailbox;
    if (mailbox === undefined) return random.float() < 0.2 ? this.#append() : this.#select();
    if (mailbox.messages.size > 60 && !this.#isReadOnly) return this.#clear(mailbox);
    return this.#pick([
      () => this.#append(),
      () => this.#append(),
      () => this.#append(),
      () => this.#replace(),
      () => this.#store([...FLAGS, "\\Deleted"]),
      () => this.#store([...FLAGS, "\\Deleted"]),
      () => this.#store(["\\Deleted"]),
      () => this.#storeUnchanged(),
      () => this.#transfer("COPY"),
      () => this.#transfer("COPY"),
      () => this.#transfer("MOVE"),
      () => this.#expunge(false),
      () => this.#expunge(true),
      () => this.#search(),
      () => this.#search(),
      () => this.#saveAndUse(),
      () => this.#fetch(),
      () => this.#fetch(),
      () => this.#noop(),
      () => this.#idle(),
      () => this.#idle(),
      () => this.#notify(),
      () => this.#status(),
      () => this.#select(),
      () => this.#leave("CLOSE"),
      () => this.#leave("UNSELECT"),
      () => this.#dropAndResync(),
    ]);
  }

  /** All that there is, told by updates alone and once more by asking. */
  async checkpoint(): Promise<void> {
    this.#isAlone = true;
    await this.#wakeUp();
    if (this.#mailbox === undefined) return;
    await this.#noop();
    await this.#command("UID FETCH 1:* (FLAGS)");
    const { uids } = this.#mailbox;
    assert.deepEqual(this.#view.known, uids, "the messages");
    for (const uid of uids) assert.ok(this.#view.flags.has(uid));
    this.#checkFlags();
    const search = randomSearch(this.#options.random);
    await this.#command(`UID SEARCH ${search.text}`);
    assert.deepEqual(this.#view.found, this.#mailbox.found(search, uids), search.text);
    const uid = pick(this.#options.random, uids);
    if (uid === undefined) return;
    const [text] = await this.#command(`UID FETCH ${uid} (BODY.PEEK[])`);
    assert.ok(text.endsWith(`\r\n${this.#mailbox.messages.get(uid)?.text})`), text);
  }

  #pick(actions: readonly (() => Promise<void>)[]): Promise<void> {
    return pick(this.#options.random, actions)();
  }

  /** Sends a command; what is told is taken in. Returns the untagged responses and the tagged one. */
  async #command(text: string, numbersInUse = false): Promise<string[]> {
    this.log.push(text);
    return this.#heard(await this.#session.command(text), numbersInUse);
  }

  #heard(responses: string[], numbersInUse: boolean): string[] {
    this.log.push(...responses.map((response) => `    ${response}`));
    assert.match(responses.at(-1) ?? "", /^T (?:OK|NO \[(?:EXPUNGEISSUED|NONEXISTENT)\])/);
    const rules = { mayExpunge: !numbersInUse || this.#isPushed, isQresync: this.#isQresync };
    this.#view.beginAnswer();
    if (this.#mailbox === undefined) return responses;
    for (const response of responses) this.#view.take(response, rules);
    return responses;
  }

  /** After a command alone: flags that were told are as they are; numbers too, if all could be told. */
  #check(mayHaveGhosts = false): void {
    if (!this.#isAlone || this.#mailbox === undefined) return;
    const { messages } = this.#mailbox;
    const ghosts = this.#view.known.length - messages.size;
    assert.ok(mayHaveGhosts ? ghosts >= 0 : ghosts === 0, `${ghosts} messages too many are known`);
    if (!mayHaveGhosts) {
      for (const uid of this.#view.knownUids) assert.ok(messages.has(uid), `${uid} is not there`);
    }
    this.#checkFlags();
  }

  #checkFlags(): void {
    for (const [uid, flags] of this.#view.flags) {
      if (!this.#mailbox?.messages.has(uid)) continue;
      assert.equal(flags, this.#mailbox.flagsOf(uid), `flags of ${uid}`);
    }
  }

  async #wakeUp(): Promise<void> {
    if (this.#isIdle) {
      this.#isIdle = false;
      this.log.push("DONE");
      await this.#session.send("DONE\r\n");
      this.#heard(await this.#session.readTo("idle"), false);
      if (this.#isAlone) this.#check();
    }
    const first = this.#view.known.indexOf(undefined);
    if (this.#mailbox === undefined || first === -1) return;
    if (this.#isPushed) await this.#command("UID FETCH 1:* (FLAGS)");
    else await this.#command(`FETCH ${first + 1}:* (UID FLAGS)`, true);
  }

  async #idle(): Promise<void> {
    this.log.push("IDLE");
    await this.#session.send("idle IDLE\r\n");
    for (;;) {
      const response = await this.#session.readResponse();
      this.log.push(`    ${response}`);
      if (response.startsWith("+ ")) break;
      this.#view.take(response, { mayExpunge: this.#isPushed, isQresync: this.#isQresync });
    }
    this.#isIdle = true;
  }

  #nameFor(mailbox: ModelMailbox): string {
    const isOwn = mailbox.owner === this.#options.user;
    return isOwn ? mailbox.name : `"Other Users/${mailbox.owner}/${mailbox.name}"`;
  }

  async #select(parameter = "", chosen = pick(this.#options.random, this.#options.mailboxes)) {
    const verb = parameter === "" && this.#options.random.float() < 0.15 ? "EXAMINE" : "SELECT";
    this.#isReadOnly = verb === "EXAMINE";
    this.#mailbox = chosen;
    this.#view = new ClientView();
    const text = `${verb} ${this.#nameFor(chosen)}${parameter}`;
    this.log.push(text);
    const responses = await this.#session.command(text);
    // NOTIFY may have spoken of the mailbox before.
    const begin = responses.findIndex((response) => response.startsWith("* FLAGS ("));
    const closed = responses.findIndex((response) => response.startsWith("* OK [CLOSED]"));
    this.#heard(responses.slice(Math.max(begin, closed, 0)), false);
    const told = (code: string): number =>
      Number(new RegExp(`\\[${code} (\\d+)\\]`).exec(responses.join("\n"))?.[1] ?? 0);
    if (chosen.uidValidity === 0) chosen.uidValidity = told("UIDVALIDITY");
    assert.equal(told("UIDVALIDITY"), chosen.uidValidity);
    assert.ok(told("UIDNEXT") > (chosen.uids.at(-1) ?? 0));
    chosen.sawModSeq(told("HIGHESTMODSEQ"));
    chosen.takeSnapshot(told("HIGHESTMODSEQ"));
    this.#check();
  }

  async #leave(verb: "CLOSE" | "UNSELECT"): Promise<void> {
    const mailbox = this.#mailbox;
    await this.#command(verb, true);
    this.#mailbox = undefined;
    this.#view = new ClientView();
    if (verb === "UNSELECT" || this.#isReadOnly || mailbox === undefined) return;
    for (const { uid, flags } of mailbox.messages.values()) {
      if (flags.has("\\Deleted")) mailbox.messages.delete(uid);
    }
  }

  /** The connection is lost; whoever comes back with an old memory learns exactly what it missed. */
  async #dropAndResync(): Promise<void> {
    this.#session.close();
    await this.open();
    if (!this.#isQresync) return;
    const mailbox = pick(this.#options.random, this.#options.mailboxes);
    const snapshot = pick(this.#options.random, mailbox.snapshots);
    if (snapshot === undefined) return;
    await this.#select(` (QRESYNC (${mailbox.uidValidity} ${snapshot.modSeq}))`, mailbox);
    const { fetched, vanishedEarlier, flags } = this.#view;
    const memory = new Map(snapshot.flags);
    for (const uid of vanishedEarlier) {
      assert.ok(!mailbox.messages.has(uid), `${uid} has not vanished`);
      memory.delete(uid);
    }
    for (const { uid, modSeq } of fetched) {
      assert.ok(modSeq > snapshot.modSeq, `${uid} has not changed`);
      memory.set(uid, flags.get(uid) ?? "");
    }
    const now = new Map(mailbox.uids.map((uid) => [uid, mailbox.flagsOf(uid)]));
    assert.deepEqual(new Map([...memory].sort(([a], [b]) => a - b)), now, "after QRESYNC");
  }

  async #append(): Promise<void> {
    const { random, mailboxes, keyword } = this.#options;
    const mailbox = pick(random, mailboxes);
    const flags = this.#isAlone && random.float() < 0.5 ? [pick(random, FLAGS)] : [keyword];
    const texts = [messageText(random, letters++)];
    if (random.float() < 0.2) texts.push(messageText(random, letters++));
    const literals = texts.map((text) => ` (${flags.join(" ")}) {${text.length}+}\r\n${text}`);
    const responses = await this.#command(`APPEND ${this.#nameFor(mailbox)}${literals.join("")}`);
    const uids = uidsOfSet(/\[APPENDUID \d+ ([\d:,]+)\]/.exec(responses.at(-1) ?? "")?.[1] ?? "");
    assert.equal(uids.length, texts.length);
    for (const [index, uid] of uids.entries()) mailbox.add(uid, texts[index], flags);
    this.#check();
  }

  async #replace(): Promise<void> {
    const uid = pick(this.#options.random, this.#view.knownUids);
    const mailbox = this.#mailbox;
    if (mailbox === undefined || uid === undefined || this.#isReadOnly) return this.#noop();
    const text = messageText(this.#options.random, letters++);
    const command = `UID REPLACE ${uid} ${this.#nameFor(mailbox)} {${text.length}+}\r\n${text}`;
    const responses = await this.#command(command);
    const code = /\[APPENDUID \d+ (\d+)\]/.exec(responses.join("\n"));
    assert.equal(code !== null, mailbox.messages.has(uid), "replaced, if it was there");
    if (code === null) return;
    mailbox.add(Number(code[1]), text, []);
    mailbox.messages.delete(uid);
    this.#check();
  }

  /** Some of the messages it knows: as a set, and their UIDs. */
  #some(isUid: boolean): { set: string; uids: number[] } {
    const { random } = this.#options;
    const { known } = this.#view;
    // By number, too, only what it knows the UID of: the model counts in UIDs.
    const all = known.flatMap((uid, position) => (uid === undefined ? [] : [{ uid, position }]));
    const some = all.filter(() => random.float() < 0.25);
    const chosen = some.length === 0 ? all.slice(-1) : some;
    const uids = chosen.map(({ uid }) => uid);
    const numbers = isUid ? uids : chosen.map(({ position }) => position + 1);
    return { set: numbers.join(","), uids };
  }

  async #store(flags: readonly string[]): Promise<void> {
    const { random } = this.#options;
    const isUid = this.#isPushed || random.float() < 0.6;
    const { set, uids } = this.#some(isUid);
    const mailbox = this.#mailbox;
    if (set === "" || mailbox === undefined || this.#isReadOnly) return this.#noop();
    const flag = pick(random, flags);
    const sign = pick(random, ["+", "+", "-"]);
    const silent = random.float() < 0.4 ? ".SILENT" : "";
    const command = `${isUid ? "UID " : ""}STORE ${set} ${sign}FLAGS${silent} (${flag})`;
    // What a program silences it does itself, to what it has been told by then.
    await this.#command(command, !isUid);
    for (const uid of uids) {
      const message = mailbox.messages.get(uid);
      change(message?.flags, sign, flag);
      const told = this.#view.flags.get(uid);
      if (silent === "" || told === undefined) continue;
      const own = new Set(told.split(" ").filter(Boolean));
      change(own, sign, flag);
      this.#view.flags.set(uid, sortedFlags(own));
    }
    this.#check(!isUid);
  }

  async #storeUnchanged(): Promise<void> {
    const { set, uids } = this.#some(true);
    const mailbox = this.#mailbox;
    if (set === "" || mailbox === undefined || this.#isReadOnly) return this.#noop();
    const since = this.#view.modSeqOf(pick(this.#options.random, uids)) ?? mailbox.highestModSeq;
    const flag = pick(this.#options.random, FLAGS);
    const command = `UID STORE ${set} (UNCHANGEDSINCE ${since}) +FLAGS (${flag})`;
    const responses = await this.#command(command);
    const modified = uidsOfSet(/\[MODIFIED ([\d:,]+)\]/.exec(responses.at(-1) ?? "")?.[1] ?? "0");
    for (const uid of uids) {
      if (modified.includes(uid)) {
        const seen = this.#view.modSeqOf(uid) ?? since + 1;
        assert.ok(seen > since || !mailbox.messages.has(uid), `${uid} had not changed`);
      } else change(mailbox.messages.get(uid)?.flags, "+", flag);
    }
    this.#check();
  }

  async #transfer(verb: "COPY" | "MOVE"): Promise<void> {
    const isUid = this.#isPushed || this.#options.random.float() < 0.6;
    const { set } = this.#some(isUid);
    const from = this.#mailbox;
    const to = pick(this.#options.random, this.#options.mailboxes);
    if (set === "" || from === undefined) return this.#noop();
    if (verb === "MOVE" && (this.#isReadOnly || to === from)) return this.#noop();
    const command = `${isUid ? "UID " : ""}${verb} ${set} ${this.#nameFor(to)}`;
    const responses = await this.#command(command);
    const code = /\[COPYUID \d+ ([\d:,]+) ([\d:,]+)\]/.exec(responses.join("\n"));
    const [sources, copies] = code === null ? [[], []] : [uidsOfSet(code[1]), uidsOfSet(code[2])];
    assert.equal(sources.length, copies.length);
    for (const [index, uid] of sources.entries()) {
      const message = from.messages.get(uid) ?? this.#goneMeanwhile(from, uid);
      to.add(copies[index], message.text, message.flags);
    }
    if (verb === "MOVE") for (const uid of sources) this.#removeFrom(from, uid);
    this.#check();
  }

  #removeFrom(mailbox: ModelMailbox, uid: number): void {
    const message = mailbox.messages.get(uid);
    if (message === undefined) return;
    mailbox.messages.delete(uid);
    mailbox.removed.set(uid, message);
  }

  /** Who has heard of it first has removed it from the model; what it was is still known. */
  #goneMeanwhile(mailbox: ModelMailbox, uid: number): ModelMessage {
    const message = mailbox.removed.get(uid);
    assert.ok(!this.#isAlone && message !== undefined, `${uid} was not there to be copied`);
    return message;
  }

  async #expunge(isUid: boolean): Promise<void> {
    const mailbox = this.#mailbox;
    const { set, uids } = this.#some(true);
    if (mailbox === undefined || this.#isReadOnly || set === "") return this.#noop();
    await this.#command(isUid ? `UID EXPUNGE ${set}` : "EXPUNGE");
    for (const uid of isUid ? uids : mailbox.uids) {
      if (mailbox.messages.get(uid)?.flags.has("\\Deleted")) this.#removeFrom(mailbox, uid);
    }
    this.#check();
  }

  async #clear(mailbox: ModelMailbox): Promise<void> {
    const half = this.#view.knownUids.slice(0, 40).join(",");
    if (half === "") return this.#noop();
    await this.#command(`UID STORE ${half} +FLAGS (\\Deleted)`);
    for (const uid of uidsOfSet(half)) change(mailbox.messages.get(uid)?.flags, "+", "\\Deleted");
    await this.#expunge(false);
  }

  async #search(): Promise<void> {
    const mailbox = this.#mailbox;
    if (mailbox === undefined) return;
    const search = randomSearch(this.#options.random);
    const isUid = this.#isPushed || this.#options.random.float() < 0.6;
    const returns = pick(this.#options.random, ["", "RETURN (ALL) ", "RETURN (ALL COUNT MIN) "]);
    const before = mailbox.found(search, this.#view.knownUids);
    await this.#command(`${isUid ? "UID " : ""}SEARCH ${returns}${search.text}`, !isUid);
    const { found, known } = this.#view;
    const uids = isUid ? found : found.map((number) => known[number - 1]);
    assert.deepEqual(
      uids,
      [...uids].sort((a, b) => (a ?? 0) - (b ?? 0)),
    );
    if (this.#isAlone) {
      const named = uids.filter((uid) => uid !== undefined);
      const now = mailbox.found(search, mailbox.messages.keys());
      for (const uid of before) assert.ok(named.includes(uid), `${uid} is not found`);
      for (const uid of named) assert.ok(now.includes(uid), `${uid} is found`);
    }
    this.#check(!isUid);
  }

  /** SEARCHRES (RFC 5182). */
  async #saveAndUse(): Promise<void> {
    const mailbox = this.#mailbox;
    if (mailbox === undefined) return;
    const search = randomSearch(this.#options.random);
    await this.#command(`UID SEARCH RETURN (SAVE) ${search.text}`);
    await this.#command("UID FETCH $ (FLAGS)");
    const fetched = new Set(this.#view.fetched.map(({ uid }) => uid));
    assert.deepEqual(
      mailbox.found(search, this.#view.knownUids).filter((uid) => !fetched.has(uid)),
      [],
    );
    this.#check();
  }

  async #fetch(): Promise<void> {
    const isUid = this.#isPushed || this.#options.random.float() < 0.5;
    const { set } = this.#some(isUid);
    if (set === "") return this.#noop();
    const items = pick(this.#options.random, ["(UID FLAGS)", "(FLAGS MODSEQ)", "(UID ENVELOPE)"]);
    await this.#command(`${isUid ? "UID " : ""}FETCH ${set} ${items}`, !isUid);
    this.#check(!isUid);
  }

  async #noop(): Promise<void> {
    await this.#command("NOOP");
    this.#check();
  }

  async #notify(): Promise<void> {
    const { random } = this.#options;
    const events = "(MessageNew MessageExpunge FlagChange)";
    const scope = pick(random, ["NONE", "SELECTED", "SELECTED-DELAYED"]);
    const others = random.float() < 0.5 ? ` (PERSONAL ${events})` : "";
    const set = scope === "NONE" ? "NONE" : `SET (${scope} ${events})${others}`;
    await this.#command(`NOTIFY ${set}`);
    this.#isPushed = scope === "SELECTED";
    this.#check();
  }

  async #status(): Promise<void> {
    const mailbox = pick(this.#options.random, this.#options.mailboxes);
    const items = "(MESSAGES UNSEEN DELETED HIGHESTMODSEQ)";
    const responses = await this.#command(`STATUS ${this.#nameFor(mailbox)} ${items}`);
    // NOTIFY may speak of others here.
    const status = responses.find((response) => response.includes(" DELETED ")) ?? "";
    const told = (item: string): number =>
      Number(new RegExp(`${item} (\\d+)`).exec(status)?.[1] ?? -1);
    const count = (isMet: (flags: Set<string>) => boolean): number =>
      [...mailbox.messages.values()].filter(({ flags }) => isMet(flags)).length;
    assert.equal(told("MESSAGES"), mailbox.messages.size);
    assert.equal(
      told("UNSEEN"),
      count((flags) => !flags.has("\\Seen")),
    );
    assert.equal(
      told("DELETED"),
      count((flags) => flags.has("\\Deleted")),
    );
    mailbox.sawModSeq(told("HIGHESTMODSEQ"));
    mailbox.takeSnapshot(told("HIGHESTMODSEQ"));
    this.#check();
  }
}

function change(flags: Set<string> | undefined, sign: string, flag: string): void {
  if (sign === "+") flags?.add(flag);
  else flags?.delete(flag);
}
