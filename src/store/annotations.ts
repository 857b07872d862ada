/**
 * Annotations of mailboxes and of the server (RFC 5464): small values under names, private to one
 * account or shared by all who may use the mailbox. Names are lower case and begin with `/`; the
 * `/private` or `/shared` before them is their scope.
 */

import type { SpecialUse } from "./mail.ts";
import type { MailboxGrant } from "./mailbox-grant.ts";

export type AnnotationScope = "private" | "shared";

export type Annotation = {
  readonly scope: AnnotationScope;
  readonly name: string;
  readonly value: Uint8Array;
};

export type AnnotationChange = {
  readonly scope: AnnotationScope;
  readonly name: string;
  /** Undefined removes it. */
  readonly value: Uint8Array | undefined;
};

/** What is annotated: a mailbox, or the server as an account sees it. */
export type Annotated = { readonly grant: MailboxGrant } | { readonly accountId: number };

/** Of one value. */
export const MAX_ANNOTATION_OCTETS = 65_536;
/** Of one mailbox and scope. */
export const MAX_ANNOTATIONS = 100;
/** Private ones of one account, over all mailboxes. */
export const MAX_ANNOTATIONS_OF_ACCOUNT = 5_000;

export interface AnnotationStore {
  /** All that the account may see, by scope and name. Throws `not-found` and `forbidden`. */
  list(of: Annotated): readonly Annotation[];
  /**
   * All or none. `specialUse` goes with them; null takes it away (RFC 6154 §5.4). Rejects with
   * `not-found`, `forbidden`, `over-quota` (too many), and `refused` for a use that is taken.
   */
  change(
    of: Annotated,
    changes: readonly AnnotationChange[],
    specialUse?: SpecialUse | null,
  ): Promise<void>;
  /** What has changed after `modSeq`, with its scope: `/shared/comment`. */
  changedSince(of: Annotated, modSeq: number): readonly string[];
}
