/**
 * What address resolution asks of whoever runs mailing lists. `lists/` implements it; without it
 * there are no lists. The arrow points this way so that the transfer agent needs no list code.
 */

import type { List } from "../../store/directory.ts";

export type ListAddress =
  /** Mail here is a posting. */
  | {
      readonly role: "post";
      readonly list: List;
      /** Of every copy: bounces come back to it (RFC 5321 §3.9.2). */
      readonly reversePath: string;
      /** Header fields of every copy (RFC 2369, RFC 2919), as octets with CRLF. */
      readonly prefix: Uint8Array;
      /** What stands in the brackets of List-Id. */
      readonly listId: string;
      readonly members: readonly string[];
    }
  /** Mail here is for the people who run the list. */
  | {
      readonly role: "owner" | "request" | "bounces";
      readonly list: List;
      readonly leadsTo: string;
    };

export type PostSender = {
  /** "" is the null reverse-path. */
  readonly reversePath: string;
  /** The account that authenticated, if one did. */
  readonly account: string | undefined;
};

export type PostRefusal = { readonly status: string; readonly text: string };

export interface ListHost {
  /** What a local address, in lower case, has to do with a list. */
  find(address: string): ListAddress | undefined;
  /** Why this sender may not post, or undefined. */
  refusePost(list: List, sender: PostSender): PostRefusal | undefined;
}
