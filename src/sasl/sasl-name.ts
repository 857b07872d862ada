/** `saslname` of GS2 headers (RFC 5801 §4): `,` as `=2C`, `=` as `=3D`, nothing else escaped. */

export function encodeSaslName(name: string): string {
  return name.replace(/[=,]/g, (special) => (special === "=" ? "=3D" : "=2C"));
}

/** Undefined for any other use of `=`, a comma or a NUL. */
export function decodeSaslName(text: string): string | undefined {
  if (/[,\u0000]|=(?!2C|3D)/.test(text)) return undefined;
  return text.replace(/=2C|=3D/g, (escaped) => (escaped === "=2C" ? "," : "="));
}
