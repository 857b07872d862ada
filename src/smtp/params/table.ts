/**
 * Every parameter of MAIL and RCPT: one row each. A new extension is a row here, a file beside it
 * and a line in `extensions.ts`.
 */

import type { MailParams, RcptParams } from "../handler.ts";
import { authParameter } from "./auth.ts";
import { binaryBodyParameter, bodyParameter } from "./body.ts";
import { deliverByParameter } from "./deliver-by.ts";
import { envidParameter } from "./envid.ts";
import { holdForParameter, holdUntilParameter } from "./future-release.ts";
import { notifyParameter } from "./notify.ts";
import { orcptParameter } from "./orcpt.ts";
import { priorityParameter } from "./priority.ts";
import { requireTlsParameter } from "./require-tls.ts";
import { retParameter } from "./ret.ts";
import type { ParameterRule } from "./rule.ts";
import { sizeParameter } from "./size.ts";
import { smtpUtf8Parameter } from "./smtp-utf8.ts";

export const MAIL_PARAMETERS: readonly ParameterRule<MailParams>[] = [
  sizeParameter,
  binaryBodyParameter,
  bodyParameter,
  smtpUtf8Parameter,
  retParameter,
  envidParameter,
  authParameter,
  requireTlsParameter,
  priorityParameter,
  deliverByParameter,
  holdForParameter,
  holdUntilParameter,
];

export const RCPT_PARAMETERS: readonly ParameterRule<RcptParams>[] = [
  notifyParameter,
  orcptParameter,
];
