import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { DefectLog } from "./defect.ts";
import { fieldText, findField, findFields, MAX_FIELDS, parseHeader, textOf } from "./header.ts";
import { latin1, message, text } from "./testing/message-octets.ts";

function kinds(data: Uint8Array): string[] {
  const defects = new DefectLog();
  parseHeader(data, 0, { defects });
  return defects.list.map((defect) => `${defect.kind}@${defect.at}`);
}

suite("header sections", () => {
  test("fields as octet ranges; the blank line ends the section", () => {
    const data = message("From: a@b", "Subject: x", "", "text", "From: c");
    const section = parseHeader(data);
    assert.deepEqual(
      section.fields.map(({ name }) => name),
      ["From", "Subject"],
    );
    assert.equal(text(data.subarray(section.endOctets)), "text\r\nFrom: c\r\n");
    const [from] = section.fields;
    assert.equal(text(data.subarray(from.start, from.end)), "From: a@b\r\n");
    assert.equal(text(data.subarray(from.valueStart, from.end)), " a@b\r\n");
  });

  test("RFC 5322 §2.2.3: unfolding takes the line end and leaves the white space", () => {
    const data = message("Subject: This", " is a test", "X: a", "\tb", "Y:", " z");
    const section = parseHeader(data);
    assert.equal(textOf(data, section, "subject"), "This is a test");
    assert.equal(textOf(data, section, "x"), "a\tb");
    assert.equal(textOf(data, section, "y"), "z");
  });

  test("RFC 5322 §4.5: white space before the colon is read, and said", () => {
    const data = message("Subject \t: x", "");
    assert.equal(textOf(data, parseHeader(data), "subject"), "x");
    assert.deepEqual(kinds(data), ["space-before-colon@0"]);
  });

  test("a line that is no field stays in the header, without a name", () => {
    const data = message("From: a@b", "what is this", " and this", "To: c@d", "", "text");
    const section = parseHeader(data);
    assert.deepEqual(
      section.fields.map(({ name }) => name),
      ["From", "", "To"],
    );
    assert.deepEqual(kinds(data), ["not-a-field@11"]);
    assert.equal(text(data.subarray(section.endOctets)), "text\r\n");
  });

  test("an mbox From_ line is known for what it is", () => {
    assert.deepEqual(kinds(message("From a@b Sat Jan  3 01:05:34 1996", "To: c@d", "")), [
      "mbox-from-line@0",
    ]);
    assert.deepEqual(kinds(message(">From a@b Sat Jan  3 01:05:34 1996", "")), [
      "mbox-from-line@0",
    ]);
  });

  test("no octets, no line end, no blank line, blank line alone", () => {
    assert.deepEqual(parseHeader(latin1("")).fields, []);
    const open = latin1("Subject: x");
    assert.equal(textOf(open, parseHeader(open), "subject"), "x");
    assert.equal(parseHeader(open).hasBlankLine, false);
    assert.deepEqual(parseHeader(latin1("\r\nSubject: x")).endOctets, 2);
    assert.equal(parseHeader(latin1("\r\n")).hasBlankLine, true);
  });

  test("a header that ends within what might have been an mbox line (found by fuzzing)", () => {
    for (const end of ["F", "Fr", ">F", "From"]) {
      const section = parseHeader(latin1(`A: b\r\n${end}`));
      assert.equal(section.fields.at(-1)?.end, 6 + end.length);
    }
  });

  test("LF alone ends a line; stray CRs before a LF make no text", () => {
    const data = latin1("A: 1\nB: 2\n\r\r\ntext");
    const section = parseHeader(data);
    assert.deepEqual(
      section.fields.map(({ key }) => key),
      ["a", "b"],
    );
    assert.equal(text(data.subarray(section.endOctets)), "text");
  });

  test("values have no CR, LF or NUL left in them", () => {
    const data = latin1("A: one\rtwo\0three\r\n\tfour\r\n\r\n");
    assert.equal(textOf(data, parseHeader(data), "a"), "one two three\tfour");
  });

  test("first of several, and all of them", () => {
    const data = message("Received: 1", "Received: 2", "");
    const section = parseHeader(data);
    assert.equal(textOf(data, section, "received"), "1");
    assert.deepEqual(
      findFields(section, "received").map((field) => fieldText(data, field)),
      ["1", "2"],
    );
    assert.equal(findField(section, "date"), undefined);
  });

  test("security row 69: 8-bit values are UTF-8 where they are that, windows-1252 where not", () => {
    const utf8 = message("Subject: grün");
    assert.equal(textOf(utf8, parseHeader(utf8), "subject"), "grün");
    const old = latin1("Subject: gr\u00fcn \u0080\r\n");
    assert.equal(textOf(old, parseHeader(old), "subject"), "grün €");
    const cut = latin1("Subject: gr\u00c3\r\n");
    assert.equal(textOf(cut, parseHeader(cut), "subject"), "grÃ");
  });

  test("security row 31: fields are counted; the limit and one more", () => {
    const make = (count: number): Uint8Array => latin1(`${"a:\r\n".repeat(count)}\r\ntext`);
    const full = parseHeader(make(MAX_FIELDS));
    assert.equal(full.fields.length, MAX_FIELDS);
    assert.deepEqual(kinds(make(MAX_FIELDS)), []);
    const over = make(MAX_FIELDS + 1);
    assert.equal(parseHeader(over).fields.length, MAX_FIELDS);
    assert.deepEqual(kinds(over), [`too-many-fields@${MAX_FIELDS * 4}`]);
    assert.equal(text(over.subarray(parseHeader(over).endOctets)), "text");
  });

  test("security row 30: __proto__, constructor and toString are names like others", () => {
    const data = message("__proto__: 1", "constructor: 2", "toString: 3", "");
    const section = parseHeader(data);
    assert.equal(textOf(data, section, "__proto__"), "1");
    assert.equal(textOf(data, section, "constructor"), "2");
    assert.equal(textOf(data, section, "tostring"), "3");
    assert.equal(textOf(data, section, "hasownproperty"), undefined);
  });

  test("property: field ranges and the blank line cover every octet of the section, in order", () => {
    const line = fc.string({
      unit: fc.constantFrom("A", ":", " ", "\t", "\r", "\n", "é", "-", "\0"),
      maxLength: 60,
    });
    fc.assert(
      fc.property(line, (source) => {
        const data = latin1(source);
        const { fields, endOctets } = parseHeader(data);
        let at = 0;
        for (const field of fields) {
          assert.equal(field.start, at);
          assert.ok(field.valueStart >= field.start && field.valueStart <= field.end);
          assert.ok(field.end > field.start);
          at = field.end;
        }
        assert.ok(endOctets >= at && endOctets <= data.length);
        assert.match(text(data.subarray(at, endOctets)), /^\r*\n?$/);
      }),
      { numRuns: 2000 },
    );
  });
});
