/** Every command that can be read, as one union told apart by `verb`. */

import type {
  DeleteAclCommand,
  GetAclCommand,
  ListRightsCommand,
  MyRightsCommand,
  SetAclCommand,
} from "./acl.ts";
import type { AuthenticateCommand } from "./authenticate.ts";
import type { BareCommand } from "./bare.ts";
import type { CancelUpdateCommand } from "./cancel-update.ts";
import type { CompressCommand } from "./compress.ts";
import type { CreateCommand } from "./create.ts";
import type { EnableCommand } from "./enable.ts";
import type { EsearchCommand } from "./esearch.ts";
import type { ExpungeCommand } from "./expunge.ts";
import type { FetchCommand } from "./fetch.ts";
import type { IdCommand } from "./id.ts";
import type { ListCommand, LsubCommand } from "./list.ts";
import type { LoginCommand } from "./login.ts";
import type { MailboxOnlyCommand } from "./mailbox-only.ts";
import type { GetQuotaCommand, GetQuotaRootCommand } from "./quota.ts";
import type { GetMetadataCommand, SetMetadataCommand } from "./metadata.ts";
import type { NotifyCommand } from "./notify.ts";
import type { RenameCommand } from "./rename.ts";
import type { SearchCommand } from "./search.ts";
import type { SelectCommand } from "./select.ts";
import type { SortCommand } from "./sort.ts";
import type { StatusCommand } from "./status.ts";
import type { StoreCommand } from "./store.ts";
import type { ThreadCommand } from "./thread.ts";
import type { TransferCommand } from "./transfer.ts";

export type Command =
  | BareCommand
  | AuthenticateCommand
  | LoginCommand
  | EnableCommand
  | IdCommand
  | CompressCommand
  | SelectCommand
  | CreateCommand
  | MailboxOnlyCommand
  | RenameCommand
  | ListCommand
  | LsubCommand
  | StatusCommand
  | ExpungeCommand
  | SearchCommand
  | EsearchCommand
  | CancelUpdateCommand
  | SortCommand
  | ThreadCommand
  | FetchCommand
  | StoreCommand
  | TransferCommand<"COPY">
  | TransferCommand<"MOVE">
  | GetQuotaCommand
  | GetQuotaRootCommand
  | SetAclCommand
  | DeleteAclCommand
  | GetAclCommand
  | ListRightsCommand
  | MyRightsCommand
  | GetMetadataCommand
  | SetMetadataCommand
  | NotifyCommand;

/** APPEND and REPLACE are not among them: their messages are read as they come (`append.ts`). */
export type Verb = Command["verb"] | "APPEND" | "REPLACE";
