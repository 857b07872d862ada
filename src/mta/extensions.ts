/** The SMTP extensions that the transfer agent lives by, beyond what the engine does alone. */

import { DEFAULT_EXTENSIONS, type Extension } from "../smtp/extension-names.ts";

/** FUTURERELEASE is not here: how far ahead is the operator's to say. */
export const TRANSFER_EXTENSIONS: readonly Extension[] = [
  ...DEFAULT_EXTENSIONS,
  "BINARYMIME",
  "REQUIRETLS",
  "MT-PRIORITY",
  "DELIVERBY",
];
