/**
 * `posthorn/message`: the message codec for use on its own. Parse, compose and lint mail; addresses,
 * dates, encoded words; DSN, MDN and ARF; IMAP views of a message.
 */

export { formatAddress, parseAddress, type Address } from "./addr-spec.ts";
export {
  formatAddressList,
  formatMailbox,
  type AddressEntry,
  type AddressGroup,
  type NamedAddress,
} from "./address-format.ts";
export {
  addressesOf,
  mailboxesOf,
  parseAddressList,
  type AddressList,
  type Group,
  type Mailbox,
} from "./address-list.ts";
export {
  parseAuthenticationResults,
  type AuthenticationResults,
} from "./authentication-results.ts";
export { baseSubject, type BaseSubject } from "./base-subject.ts";
export { decodeCharset, isKnownCharset } from "./charset.ts";
export {
  compose,
  resend,
  type Attachment,
  type MessageDraft,
  type ResentFields,
} from "./compose.ts";
export { formatDate, parseDate, type MessageDate } from "./date.ts";
export { bodyOctets, bodyText, decodeText, decodeTransfer } from "./decode-body.ts";
export type { Defect, DefectKind } from "./defect.ts";
export { displayDomain, isConfusable, skeleton } from "./display-domain.ts";
export { displayLines, displayText } from "./display-text.ts";
export { decodeWords, encodeWords } from "./encoded-word.ts";
export { composeEntity, type Entity, type EntityDraft } from "./entity.ts";
export { formatField, isFieldName } from "./field-format.ts";
export { fileName } from "./file-name.ts";
export { decodeFlowed, flow, unflow, type FlowedParagraph } from "./flowed.ts";
export {
  fieldText,
  findField,
  findFields,
  parseHeader,
  textOf,
  type HeaderField,
  type HeaderSection,
} from "./header.ts";
export { htmlToText } from "./html-text.ts";
export { bodyStructure } from "./imap-view/body-structure.ts";
export { envelope } from "./imap-view/envelope.ts";
export {
  findSection,
  partialRange,
  selectHeaderFields,
  type OctetRange,
  type SectionRanges,
} from "./imap-view/section.ts";
export {
  decodeStructure,
  encodeStructure,
  type StoredPart,
  type StoredStructure,
} from "./imap-view/stored-structure.ts";
export type { Finding, Severity } from "./lint/finding.ts";
export { lint } from "./lint/lint.ts";
export { parseListId, parseListUris, type ListId } from "./list-field.ts";
export { makeMessageId, parseMessageIds } from "./message-id.ts";
export { formatParameters } from "./parameter-format.ts";
export { parseParameters, type ParameterizedValue } from "./parameters.ts";
export { parseMessage, PARSE_LIMITS, type ParseLimits } from "./parse.ts";
export { isMultipart, partsOf, type Disposition, type ParsedMessage, type Part } from "./part.ts";
export { preview } from "./preview.ts";
export { parseReceived, type Received } from "./received.ts";
export { forward, reply, type ForwardOptions, type ReplyOptions } from "./reply.ts";
export { composeArf, parseArf, type ArfMessage, type ParsedArf } from "./report/arf.ts";
export {
  composeDsn,
  parseDsn,
  type DsnAction,
  type DsnRecipient,
  type DsnReport,
  type ParsedDsn,
} from "./report/dsn.ts";
export { composeMdn, parseMdn, type MdnReport, type ParsedMdn } from "./report/mdn.ts";
export { findHtmlPart, findTextPart, textBody } from "./text-body.ts";
export { sortKey, threadKey, type SortKey, type ThreadKey } from "./thread-key.ts";
export { findUuencoded, type UuencodedFile } from "./uuencode.ts";
