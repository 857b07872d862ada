/** Annotations: reads from the rows, changes through the writer, both behind the gate. */

import { MailError } from "../../base/errors.ts";
import type {
  Annotated,
  Annotation,
  AnnotationChange,
  AnnotationScope,
  AnnotationStore,
} from "../annotations.ts";
import { MAX_ANNOTATION_OCTETS } from "../annotations.ts";
import type { SpecialUse } from "../mail.ts";
import type { Right } from "../mailbox-grant.ts";
import type { Database } from "./database.ts";
import { type MailGate, refusal } from "./mail-gate.ts";
import type { WriterClient } from "./writer-client.ts";

/** RFC 5464 §3.3: besides lookup one of these, to see annotations and to have private ones. */
const RIGHTS_TO_SEE: readonly Right[] = ["r", "s", "w", "i", "p"];

type Place = {
  /** 0 for the server. */
  readonly mailboxId: number;
  readonly viewerId: number;
  readonly isOwn: boolean;
  readonly maySetShared: boolean;
};

export class SqliteAnnotations implements AnnotationStore {
  readonly #database: Database;
  readonly #gate: MailGate;
  readonly #writer: WriterClient;

  constructor(database: Database, gate: MailGate, writer: WriterClient) {
    this.#database = database;
    this.#gate = gate;
    this.#writer = writer;
  }

  list(of: Annotated): readonly Annotation[] {
    const { mailboxId, viewerId } = this.#placeOf(of);
    return this.#database
      .all<{ viewerId: number; name: string; value: Uint8Array }>(
        `SELECT viewer_id AS viewerId, name, value FROM annotation
         WHERE mailbox_id = ? AND viewer_id IN (0, ?) AND value IS NOT NULL
         ORDER BY viewer_id = 0, name`,
        mailboxId,
        viewerId,
      )
      .map((row) => ({ scope: scopeOf(row.viewerId), name: row.name, value: row.value }));
  }

  async change(
    of: Annotated,
    changes: readonly AnnotationChange[],
    specialUse?: SpecialUse | null,
  ): Promise<void> {
    const place = this.#placeOf(of);
    if (changes.some(({ scope }) => scope === "shared") && !place.maySetShared) {
      throw new MailError("forbidden", "You have no right to do that");
    }
    if (specialUse !== undefined && (!place.isOwn || place.mailboxId === 0)) {
      throw new MailError("refused", "A special use is for one's own mailboxes");
    }
    if (changes.some(({ value }) => (value?.length ?? 0) > MAX_ANNOTATION_OCTETS)) {
      throw new MailError("refused", "The value is too long");
    }
    await this.#writer.submit("changeAnnotations", () => ({
      mailboxId: place.mailboxId,
      viewerId: place.viewerId,
      changes: changes.map(({ scope, name, value }) => ({
        isShared: scope === "shared",
        name,
        value: value ?? null,
      })),
      ...(specialUse !== undefined && { specialUse }),
    }));
  }

  changedSince(of: Annotated, modSeq: number): readonly string[] {
    const { mailboxId, viewerId } = this.#placeOf(of);
    return this.#database
      .all<{ viewerId: number; name: string }>(
        `SELECT viewer_id AS viewerId, name FROM annotation
         WHERE mailbox_id = ? AND viewer_id IN (0, ?) AND mod_seq > ?
         ORDER BY viewer_id = 0, name`,
        mailboxId,
        viewerId,
        modSeq,
      )
      .map((row) => `/${scopeOf(row.viewerId)}${row.name}`);
  }

  #placeOf(of: Annotated): Place {
    if (!("grant" in of)) {
      // What the server says of itself is the operator's to say.
      return { mailboxId: 0, viewerId: of.accountId, isOwn: true, maySetShared: false };
    }
    const { actorId, ownerId, mailboxId } = of.grant;
    const rights = this.#gate.rights(of.grant);
    if (!rights.has("l") || !RIGHTS_TO_SEE.some((right) => rights.has(right)))
      throw refusal(rights);
    return {
      mailboxId,
      viewerId: actorId,
      isOwn: actorId === ownerId,
      maySetShared: rights.has("w"),
    };
  }
}

function scopeOf(viewerId: number): AnnotationScope {
  return viewerId === 0 ? "shared" : "private";
}
