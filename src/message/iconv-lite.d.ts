/** The part of iconv-lite that we use, without the Node types its own declarations need. */
declare const iconv: {
  decode(octets: Uint8Array, charset: string): string;
  encode(text: string, charset: string): Uint8Array;
  encodingExists(charset: string): boolean;
};
// oxlint-disable-next-line import/no-default-export
export default iconv;
