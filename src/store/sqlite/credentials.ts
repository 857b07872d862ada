/**
 * Proof of who someone is. A wrong name costs the same time and gets the same words as a wrong
 * password (security row 38). Passwords that were right a moment ago are remembered, keyed by an
 * HMAC under a key that never leaves this process, so that programs that log in every minute cost
 * next to nothing; a changed password ends that at once.
 */

import { createHash, createHmac, randomBytes } from "node:crypto";

import { LRUCache } from "lru-cache";

import { encodeUtf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { ScramVerifier } from "../../sasl/scram-verifier.ts";
import type { Credentials, PasswordVerdict } from "../credentials.ts";
import { preparePassword } from "../../sasl/prepare-string.ts";
import type { Database } from "./database.ts";
import { keyOf } from "./directory-names.ts";
import { Turns } from "./turns.ts";
import { checkPassword, hashPassword, SCRAM_ITERATIONS } from "./password.ts";
import type { WriterClient } from "./writer-client.ts";

type AccountRow = {
  readonly id: number;
  readonly address: string;
  readonly isEnabled: number;
  readonly passwordHash: string;
};

type VerifierRow = {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
};

const ACCOUNT = `SELECT id, address, is_enabled AS isEnabled, password_hash AS passwordHash
  FROM account WHERE address = ?`;
const REMEMBERED_MS = 5 * 60_000;

/** Of the four threads that also read the disk: a storm of logins must not stop the mail. */
const MAX_HASHES_AT_ONCE = 2;

export type CredentialsDeps = {
  readonly database: Database;
  readonly writer: WriterClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Per store: makes the verifiers of names that do not exist. */
  readonly serverSecret: Uint8Array;
};

export class SqliteCredentials implements Credentials {
  readonly #deps: CredentialsDeps;
  readonly #rememberKey = randomBytes(32);
  /** From HMAC of name and password to the hash that it matched, and until when that is believed. */
  readonly #remembered = new LRUCache<string, { passwordHash: string; untilMs: number }>({
    max: 10_000,
  });
  #dummyHash: Promise<string> | undefined;
  readonly #turns = new Turns(MAX_HASHES_AT_ONCE);

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
  }

  async verifyPassword(name: string, password: string): Promise<PasswordVerdict> {
    const account = this.#find(name);
    // What cannot be anybody's password takes as long to refuse as one that is wrong.
    const prepared = preparePassword(password);
    const isRight =
      (await this.#isRight(account, password, prepared ?? "")) && prepared !== undefined;
    if (account === undefined || !isRight) return { verdict: "refused" };
    if (account.isEnabled === 0) return { verdict: "disabled" };
    return { verdict: "accepted", accountId: account.id, address: account.address };
  }

  scramVerifier(name: string, hash: "sha1" | "sha256"): Promise<ScramVerifier> {
    const account = this.#find(name);
    const row = account && this.#verifierRow(account.id, hash);
    return Promise.resolve(row ?? this.#verifierOfNobody(name, hash));
  }

  accountByName(
    name: string,
  ): { accountId: number; address: string; isEnabled: boolean } | undefined {
    const account = this.#find(name);
    if (account === undefined) return undefined;
    const { id, address, isEnabled } = account;
    return { accountId: id, address, isEnabled: isEnabled !== 0 };
  }

  async makeToken(address: string, purpose: string, lifetimeMs: number): Promise<string> {
    const { clock, random, writer } = this.#deps;
    const token = Buffer.from(random.bytes(24)).toString("base64url");
    const sha256 = tokenHash(token);
    const expiresAtMs = Math.round(clock.nowMs() + lifetimeMs);
    await writer.submit("addToken", () => ({
      address: keyOf(address),
      purpose,
      sha256,
      expiresAtMs,
    }));
    return token;
  }

  secretFor(purpose: string): Uint8Array {
    return createHmac("sha256", this.#deps.serverSecret).update(`for ${purpose}`).digest();
  }

  revokeTokens(address: string, purpose?: string): Promise<number> {
    return this.#deps.writer.submit("revokeTokens", () => ({
      address: keyOf(address),
      purpose: purpose ?? null,
    }));
  }

  async #isRight(
    account: AccountRow | undefined,
    password: string,
    prepared: string,
  ): Promise<boolean> {
    if (account === undefined) {
      this.#dummyHash ??= hashPassword(randomBytes(16).toString("hex"));
      const dummyHash = await this.#dummyHash;
      await this.#turns.run(() => checkPassword(prepared, dummyHash));
      return false;
    }
    const nowMs = this.#deps.clock.nowMs();
    if (this.#isToken(account.id, password, nowMs)) return true;
    const key = this.#rememberedAs(account.address, prepared);
    const known = this.#remembered.get(key);
    if (known?.passwordHash === account.passwordHash && known.untilMs > nowMs) return true;
    const isRight = await this.#turns.run(() => checkPassword(prepared, account.passwordHash));
    if (!isRight) return false;
    this.#remembered.set(key, {
      passwordHash: account.passwordHash,
      untilMs: nowMs + REMEMBERED_MS,
    });
    return true;
  }

  #rememberedAs(address: string, prepared: string): string {
    return createHmac("sha256", this.#rememberKey)
      .update(`${address.length}:${address}${prepared}`)
      .digest("base64");
  }

  #isToken(accountId: number, password: string, nowMs: number): boolean {
    const row = this.#deps.database.get<{ accountId: number; expiresAtMs: number }>(
      `SELECT account_id AS accountId, expires_at_ms AS expiresAtMs FROM token WHERE sha256 = ?`,
      tokenHash(password),
    );
    return row !== undefined && row.accountId === accountId && row.expiresAtMs > nowMs;
  }

  /** An address, or a local part where there is but one domain. */
  #find(name: string): AccountRow | undefined {
    const { database } = this.#deps;
    const address = name.includes("@") ? name : `${name}@${this.#onlyDomain() ?? "invalid."}`;
    const key = keyOf(address);
    return key === "" ? undefined : database.get<AccountRow>(ACCOUNT, key);
  }

  #onlyDomain(): string | undefined {
    const names = this.#deps.database.all<{ name: string }>("SELECT name FROM domain LIMIT 2");
    return names.length === 1 ? names[0].name : undefined;
  }

  #verifierRow(accountId: number, hash: "sha1" | "sha256"): VerifierRow | undefined {
    return this.#deps.database.get<VerifierRow>(
      hash === "sha1"
        ? `SELECT scram_salt AS salt, scram_iterations AS iterations, sha1_stored_key AS storedKey,
             sha1_server_key AS serverKey FROM account WHERE id = ?`
        : `SELECT scram_salt AS salt, scram_iterations AS iterations, sha256_stored_key AS storedKey,
             sha256_server_key AS serverKey FROM account WHERE id = ?`,
      accountId,
    );
  }

  /** RFC 5802 §9: the same salt for the same name each time, or the answer tells that nobody is there. */
  #verifierOfNobody(name: string, hash: "sha1" | "sha256"): ScramVerifier {
    const derive = (purpose: string): Buffer =>
      createHmac("sha256", this.#deps.serverSecret)
        .update(encodeUtf8(`${purpose}:${name.toLowerCase()}`))
        .digest();
    const length = hash === "sha1" ? 20 : 32;
    return {
      salt: derive("salt").subarray(0, 16),
      iterations: SCRAM_ITERATIONS,
      storedKey: derive(`${hash} stored`).subarray(0, length),
      serverKey: derive(`${hash} server`).subarray(0, length),
    };
  }
}

function tokenHash(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}
