/**
 * One attempt to log in, whatever the mechanism: asks the guard, checks, tells the guard. PLAIN,
 * LOGIN, SCRAM and the rest go through `attemptLogin`; `loginWithPassword` is also what IMAP's LOGIN
 * and POP3's USER/PASS use, so no protocol has a door of its own (security rows 37, 38, 89).
 */

import { refused, type Outcome } from "./server-exchange.ts";
import { prepareName, preparePassword } from "./prepare-string.ts";
import type { SaslServerDeps } from "./server-deps.ts";

/** One and the same for an unknown name, a wrong password and a name we cannot even read. */
const WRONG = "wrong name or password";

/** What `check` found: the account that proved itself, if any. */
export type Proof =
  | { readonly address: string; readonly finalOctets?: Uint8Array }
  | { readonly refusal: Outcome };

/**
 * Runs `check` unless guessing has gone too far. `name` is what the client claims to be,
 * `authorizeAs` the account it wants to act as, empty or undefined for its own.
 */
export async function attemptLogin(
  deps: SaslServerDeps,
  claim: { readonly name: string; readonly authorizeAs?: string },
  check: () => Promise<Proof>,
): Promise<Outcome> {
  const { guard, credentials, peerAddress = "" } = deps;
  // The account's address where there is one, so that its other spellings share one allowance.
  const key = credentials.accountByName(claim.name)?.address ?? claim.name;
  if (guard !== undefined) {
    const admission = await guard.admit(peerAddress, key);
    if (!admission.allowed) {
      const seconds = Math.ceil(admission.retryAfterMs / 1000);
      return {
        type: "failure",
        reason: "unavailable",
        text: `too many failed logins, try again in ${seconds} seconds`,
      };
    }
  }
  let proof: Proof;
  try {
    proof = await check();
  } catch (error) {
    guard?.undecided(peerAddress, key);
    throw error;
  }
  const outcome = authorize(deps, proof, claim.authorizeAs);
  if (outcome.type === "success") guard?.succeeded(peerAddress, key);
  else guard?.failed(peerAddress, key);
  return outcome;
}

/** Checks a name and a password as they came from the peer. */
export async function loginWithPassword(
  deps: SaslServerDeps,
  claim: { readonly name: string; readonly authorizeAs?: string },
  password: string,
): Promise<Outcome> {
  const name = prepareName(claim.name);
  // One that nobody should have may have been set all the same: it is compared as it is.
  const prepared = preparePassword(password) ?? password;
  return attemptLogin(deps, { ...claim, name: name ?? "" }, async () => {
    // A name that cannot exist costs the same check as one that might.
    const verdict = await deps.credentials.verifyPassword(name ?? "\u0000", prepared);
    if (verdict.verdict === "disabled") return { refusal: refused("this account is disabled") };
    if (verdict.verdict === "refused" || name === undefined) return { refusal: refused(WRONG) };
    return { address: verdict.address };
  });
}

/** For proofs made without a password: the account must still exist and be switched on. */
export function provenAccount(deps: SaslServerDeps, name: string): Proof {
  const account = deps.credentials.accountByName(name);
  if (account === undefined) return { refusal: refused(WRONG) };
  if (!account.isEnabled) return { refusal: refused("this account is disabled") };
  return { address: account.address };
}

export function wrongProof(): Proof {
  return { refusal: refused(WRONG) };
}

/** RFC 4422 §3.4.1: nobody acts for another account here; naming one's own is allowed. */
function authorize(deps: SaslServerDeps, proof: Proof, authorizeAs: string | undefined): Outcome {
  if ("refusal" in proof) return proof.refusal;
  if (authorizeAs !== undefined && authorizeAs !== "") {
    const name = prepareName(authorizeAs);
    const other = name === undefined ? undefined : deps.credentials.accountByName(name);
    if (other?.address !== proof.address)
      return refused("acting for another account is not allowed");
  }
  return { type: "success", identity: proof.address, finalOctets: proof.finalOctets };
}
