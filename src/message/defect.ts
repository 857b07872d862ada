/**
 * What a parser met in a message that the RFCs do not allow. Parsing never fails: it goes on as well
 * as it can and says here what it met, and where. `lint/` turns these into sentences with advice.
 */

export type DefectKind =
  | "mbox-from-line" // the octets begin with an mbox "From " line
  | "not-a-field" // a line of the header section is no field and continues none
  | "space-before-colon" // obsolete: white space between the field's name and its colon
  | "too-many-fields"
  | "header-8bit" // raw 8-bit octets in a header that are not UTF-8
  | "bare-cr"
  | "bare-lf"
  | "nul-octet"
  | "undeclared-8bit" // 8-bit octets under an encoding that says there are none
  | "bad-content-type"
  | "bad-transfer-encoding"
  | "duplicate-mime-field" // two Content-Type, Content-Transfer-Encoding or Content-Disposition fields
  | "duplicate-parameter"
  | "too-many-parameters"
  | "bad-parameter"
  | "missing-boundary" // multipart without a boundary parameter
  | "boundary-never-used" // the boundary does not occur in the body
  | "no-final-boundary"
  | "encoded-container" // multipart or message with base64 or quoted-printable: not looked into
  | "too-deep"
  | "too-many-parts"
  | "bad-base64"
  | "bad-quoted-printable"
  | "bad-uuencode"
  | "too-many-defects";

export type Defect = { readonly kind: DefectKind; readonly at: number };

/** RFC 5322 has no limit; a message of nothing but faults must not cost memory without end. */
export const MAX_DEFECTS = 1000;

export class DefectLog {
  readonly list: Defect[] = [];

  add(kind: DefectKind, at: number): void {
    if (this.list.length < MAX_DEFECTS) this.list.push({ kind, at });
    else if (this.list.length === MAX_DEFECTS) this.list.push({ kind: "too-many-defects", at });
  }

  /** Records a kind once only: for what occurs on every line when it occurs at all. */
  addOnce(kind: DefectKind, at: number): void {
    if (!this.list.some((defect) => defect.kind === kind)) this.add(kind, at);
  }
}
