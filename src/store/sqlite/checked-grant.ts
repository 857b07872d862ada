/** A grant as the store makes it. Nothing outside this folder can: what was not made here is refused when it is used. */

import { InvariantError } from "../../base/errors.ts";
import type { MailboxId } from "../mail.ts";
import type { MailboxGrant } from "../mailbox-grant.ts";

export class CheckedGrant {
  /** Private, so that it also tells our own objects from any that only look like them. */
  readonly #mailboxId: MailboxId;
  readonly ownerId: number;
  readonly actorId: number;

  private constructor(mailboxId: MailboxId, ownerId: number, actorId: number) {
    this.#mailboxId = mailboxId;
    this.ownerId = ownerId;
    this.actorId = actorId;
    Object.freeze(this);
  }

  get mailboxId(): MailboxId {
    return this.#mailboxId;
  }

  static ofOwner(mailboxId: MailboxId, ownerId: number): MailboxGrant {
    return CheckedGrant.ofActor(mailboxId, ownerId, ownerId);
  }

  static ofActor(mailboxId: MailboxId, ownerId: number, actorId: number): MailboxGrant {
    return new CheckedGrant(mailboxId, ownerId, actorId) as unknown as MailboxGrant;
  }

  static of(grant: MailboxGrant): CheckedGrant {
    const given: object = grant;
    if (!(#mailboxId in given)) throw new InvariantError("a grant was not made by the store");
    return given;
  }
}
