import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeLatin1, encodeLatin1, encodeUtf8, isAscii } from "../../../base/bytes.ts";
import { bodyOctets } from "../../../message/decode-body.ts";
import { parseMessage } from "../../../message/parse.ts";
import { partsOf } from "../../../message/part.ts";
import { LongLines } from "../../reception/long-lines.ts";
import { convertContent } from "./convert-content.ts";

function convert(text: string): string | undefined {
  const converted = convertContent(encodeUtf8(text), { takes8Bit: false });
  return converted && decodeLatin1(converted);
}

/** Media type and decoded content of every leaf. */
function contents(message: Uint8Array): [string, string][] {
  const parsed = parseMessage(message);
  const leaves = [...partsOf(parsed.root)].filter(
    (part) => part.children.length === 0 && part.message === undefined,
  );
  return leaves.map((part) => [
    `${part.type}/${part.subtype}`,
    decodeLatin1(bodyOctets(message, part)),
  ]);
}

test("an 8-bit text becomes quoted-printable; its other fields stay", () => {
  const head = "Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
  const tail = "X-After: y\r\n\r\n";
  assert.equal(
    convert(`${head}Content-Transfer-Encoding: 8bit\r\n${tail}grün = gut\r\n`),
    `${head}Content-Transfer-Encoding: quoted-printable\r\n${tail}gr=C3=BCn =3D gut\r\n`,
  );
});

test("a text without MIME gets what MIME needs", () => {
  assert.equal(
    convert("Subject: s\r\n\r\ngrün\r\n"),
    "Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BCn\r\n",
  );
  const latin1 = convertContent(encodeLatin1("Subject: s\r\n\r\ngr\xfcn\r\n"), {
    takes8Bit: false,
  });
  assert.match(decodeLatin1(latin1 ?? new Uint8Array()), /charset=unknown-8bit\r\n/);
});

test("in a multipart only the 8-bit parts change, and what the containers say of them", () => {
  const message =
    "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\npre\r\n" +
    "--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nü\r\n" +
    "--b\r\nContent-Type: application/x\r\n\r\nÿþ\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: inner\r\n\r\nö\r\n--b--\r\npost\r\n";
  const octets = encodeUtf8(message);
  const converted = convertContent(octets, { takes8Bit: false });
  assert.ok(converted);
  const text = decodeLatin1(converted);
  assert.ok(isAscii(converted));
  assert.doesNotMatch(text, /8bit/);
  assert.ok(text.includes("--b\r\n\r\nplain\r\n--b\r\n"));
  assert.ok(text.endsWith("\r\n--b--\r\npost\r\n"));
  assert.deepEqual(contents(converted), contents(octets));
});

test("what would break is not touched: signatures, 8-bit headers, content that is wrong already", () => {
  assert.equal(convert("DKIM-Signature: v=1\r\n\r\nü\r\n"), undefined);
  assert.equal(convert("Subject: ü\r\n\r\nü\r\n"), undefined);
  assert.equal(
    convert("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nü\r\n"),
    undefined,
  );
  const signed = "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nü\r\n--b--\r\n";
  assert.equal(convert(signed), undefined);
  const preamble =
    "Content-Type: multipart/mixed; boundary=b\r\n\r\nü\r\n--b\r\n\r\nx\r\n--b--\r\n";
  assert.equal(convert(preamble), undefined);
});

test("the corpus: whatever is converted is 7-bit and decodes to the same", () => {
  const folder = join(import.meta.dirname, "../../../../../shared/corpus");
  let count = 0;
  for (const name of existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
    : []) {
    if (!/\.(eml|msg)$/.test(name)) continue;
    const octets = new Uint8Array(readFileSync(join(folder, name)));
    if (isAscii(octets) || octets.length > 1_000_000) continue;
    const converted = convertContent(octets, { takes8Bit: false });
    if (converted === undefined) continue;
    count++;
    assert.ok(isAscii(converted), name);
    const normal = (pairs: [string, string][]): [string, string][] =>
      pairs.map(([type, text]) => [type, text.replace(/\r?\n/g, "\r\n").trimEnd()]);
    assert.deepEqual(normal(contents(converted)), normal(contents(octets)), name);
  }
  assert.ok(count > 0 || !existsSync(folder));
});

const LONG_LINE = "x".repeat(999);

function convert8Bit(text: string): string | undefined {
  const converted = convertContent(encodeLatin1(text), { takes8Bit: true });
  return converted && decodeLatin1(converted);
}

test("B17: for a host that takes 8 bits only binary parts change, and no label says binary any more", () => {
  const converted = convert8Bit(
    "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
      "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xfc\r\n" +
      "--b\r\nContent-Transfer-Encoding: binary\r\n\r\n\xfc\r\n" +
      "--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n--b--\r\n",
  );
  assert.equal(
    converted,
    "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
      "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xfc\r\n" +
      "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xfc\r\n" +
      "--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n\r\n--b--\r\n",
  );
});

test("B17: what is signed within a message keeps its octets, what stands beside it is converted", () => {
  const signed =
    "--a\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nplain\r\n--s\r\n\r\nsig\r\n--s--\r\n";
  const message = (body: string): string =>
    `Content-Type: multipart/mixed; boundary=a\r\n\r\n${signed}--a\r\n\r\n${body}\r\n--a--\r\n`;
  const converted = convert(message("ü"));
  assert.ok(converted?.includes(signed));
  assert.match(converted ?? "", /=C3=BC\r\n--a--/);
  assert.equal(convert(message("plain").replace("--s\r\n\r\nplain", "--s\r\n\r\nü")), undefined);
});

test("B16: long lines: text becomes quoted-printable, base64 is wrapped anew, a header section stays", () => {
  assert.match(
    convert8Bit(`Subject: s\r\n\r\n${LONG_LINE}\r\n`) ?? "",
    /quoted-printable\r\n\r\nx{75}=\r\n/,
  );
  const base64 = "QUJD".repeat(300);
  const head = "Content-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const wrapped = convert8Bit(`${head}${base64}\r\n`);
  assert.ok(wrapped?.startsWith(head));
  assert.equal(wrapped?.slice(head.length).replaceAll("\r\n", ""), base64);
  const longField = `Subject: ${LONG_LINE}\r\n\r\nshort\r\n`;
  assert.equal(convert8Bit(longField), longField);
});

test("B16: a long line is seen however the octets are cut", () => {
  for (const [octets, isLong] of [
    [998, false],
    [999, true],
  ] as const) {
    const text = encodeLatin1(`a\r\n${"x".repeat(octets)}\r\nb\r\n${"y".repeat(998)}\r\n`);
    for (const cut of [1, 2, 3, 7, 997, 998, 999, 1000, 1001, 5000]) {
      const lines = new LongLines();
      for (let at = 0; at < text.length; at += cut) lines.push(text.subarray(at, at + cut));
      assert.equal(lines.found, isLong, `${octets} octets, cut in ${cut}`);
    }
  }
});
