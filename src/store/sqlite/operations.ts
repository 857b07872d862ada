/** Every operation the writer knows, by name. */

import type { CommitContext } from "./commit-context.ts";
import { changeAcl } from "./operations-acl.ts";
import { changeAnnotations } from "./operations-annotation.ts";
import { accept, append } from "./operations-accept.ts";
import {
  addAccount,
  addAlias,
  addDomain,
  addDomainAlias,
  addList,
  addToken,
  changeAccount,
  changeAlias,
  changeDomain,
  changeList,
  removeAccount,
  removeAlias,
  removeDomain,
  removeList,
  revokeTokens,
} from "./operations-directory.ts";
import { replace } from "./operations-replace.ts";
import { copy } from "./operations-copy.ts";
import { expunge } from "./operations-expunge.ts";
import { changeFlags } from "./operations-flags.ts";
import {
  createMailbox,
  deleteMailbox,
  lockMaildrop,
  renameMailbox,
  subscribe,
  takeRecent,
  unlockMaildrop,
} from "./operations-mailbox.ts";
import { keepColumns } from "./operations-columns.ts";
import { claim } from "./operations-claim.ts";
import { deleteQueued, hold, release, settle, wish } from "./operations-queue.ts";
import { payReports } from "./operations-report.ts";
import { repair } from "./operations-repair.ts";
import type { AnswerOf, OperationName, RequestOf } from "./requests.ts";

export const OPERATIONS: {
  readonly [Name in OperationName]: (
    context: CommitContext,
    request: RequestOf<Name>,
  ) => AnswerOf<Name>;
} = {
  accept,
  append,
  replace,
  createMailbox,
  deleteMailbox,
  renameMailbox,
  changeAcl,
  changeAnnotations,
  subscribe,
  takeRecent,
  changeFlags,
  copy,
  expunge,
  keepColumns,
  lockMaildrop,
  unlockMaildrop,
  repair,
  claim,
  settle,
  payReports,
  wish,
  hold,
  release,
  deleteQueued,
  addDomain,
  addDomainAlias,
  changeDomain,
  removeDomain,
  addAccount,
  changeAccount,
  removeAccount,
  addAlias,
  changeAlias,
  removeAlias,
  addList,
  changeList,
  removeList,
  addToken,
  revokeTokens,
};
