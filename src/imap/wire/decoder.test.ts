import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import { no } from "../completion.ts";
import { CommandDecoder } from "./decoder.ts";
import { PREAUTH_LIMITS, SESSION_LIMITS, type WireLimits } from "./limits.ts";

/** Events in words. `answers` says what becomes of each announced message. */
function decode(input: string, chunk: number, limits: WireLimits = SESSION_LIMITS): string[] {
  const decoder = new CommandDecoder(limits);
  const said: string[] = [];
  let message = "";
  for (let at = 0; at < input.length; at += chunk) {
    decoder.push(encodeLatin1(input.slice(at, at + chunk)));
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      switch (event.type) {
        case "command": {
          const { tag, name, texts, literals } = event.command;
          const words = texts.map((text, index) =>
            index < literals.length ? `${text}<${decodeLatin1(literals[index].octets)}>` : text,
          );
          said.push(`${tag} ${name}|${words.join("")}`);
          break;
        }
        case "message":
          if (event.literal.octets > 100) decoder.refuseMessage(no("too big", "TOOBIG"));
          else decoder.acceptMessage();
          said.push(`message ${event.literal.octets}`);
          break;
        case "message-data":
          message += decodeLatin1(event.octets);
          break;
        case "message-end":
          said.push(`message-end ${message}`);
          message = "";
          break;
        case "fault":
          said.push(`${event.tag} ${event.completion.status} ${event.completion.code ?? ""}`);
          break;
        case "hopeless":
          said.push(`hopeless`);
          break;
        case "continue":
        case "line":
          said.push(event.type);
          break;
      }
    }
  }
  return said;
}

/** Decodes whole and in pieces; all must agree. */
function decodeAnyway(input: string, limits?: WireLimits): string[] {
  const whole = decode(input, input.length, limits);
  for (const chunk of [1, 2, 3, 7]) assert.deepEqual(decode(input, chunk, limits), whole);
  return whole;
}

test("lines, names and literals", () => {
  assert.deepEqual(
    decodeAnyway(
      "a1 noop\r\nA.2 Uid  Fetch 1 FLAGS\r\na3 LOGIN {3}\r\nann {5+}\r\nwo{3}\r\n" +
        'a4 SEARCH SUBJECT {3+}\r\nx\r\n\r\na5 ID ("a" ~{2+}\r\n\0\0)\r\n',
    ),
    [
      "a1 NOOP|",
      "A.2 UID FETCH| 1 FLAGS",
      "continue",
      "a3 LOGIN| <ann> <wo{3}>",
      "a4 SEARCH| SUBJECT <x\r\n>",
      'a5 ID| ("a" <\0\0>)',
    ],
  );
});

test("APPEND's messages are handed on, its mailbox literal is not", () => {
  assert.deepEqual(
    decodeAnyway(
      "a APPEND {5}\r\nINBOX (\\Seen) {4+}\r\nabcd {2}\r\nxy\r\nb APPEND INBOX {3+}\r\nfoo\r\nc NOOP\r\n",
    ),
    [
      "continue",
      "message 4",
      "message-end abcd",
      "message 2",
      "message-end xy",
      "a APPEND| <INBOX> (\\Seen) <> <>",
      "message 3",
      "message-end foo",
      "b APPEND| INBOX <>",
      "c NOOP|",
    ],
  );
});

test("security row 83: a refused LITERAL+ message is read to its end, never as commands", () => {
  const evil = `x DELETE INBOX\r\n`.repeat(20);
  assert.deepEqual(decodeAnyway(`a APPEND INBOX {${evil.length}+}\r\n${evil}\r\nb NOOP\r\n`), [
    `message ${evil.length}`,
    "a NO TOOBIG",
    "b NOOP|",
  ]);
  // A client that waits hears at once, and its next line is a command.
  assert.deepEqual(decodeAnyway("a APPEND INBOX {300}\r\nb NOOP\r\n"), [
    "message 300",
    "a NO TOOBIG",
    "b NOOP|",
  ]);
});

test("security row 83: what is too big to be drained ends the connection", () => {
  assert.deepEqual(decodeAnyway("a APPEND INBOX {99999999999+}\r\nb DELETE x\r\n"), [
    "message 99999999999",
    "hopeless",
  ]);
  assert.deepEqual(decodeAnyway("a LOGIN {99999999+}\r\nb DELETE x\r\n", PREAUTH_LIMITS), [
    "hopeless",
  ]);
});

test("security row 81: literals before login are few and small", () => {
  assert.deepEqual(decodeAnyway("a LOGIN {4097}\r\nb NOOP\r\n", PREAUTH_LIMITS), [
    "a NO TOOBIG",
    "b NOOP|",
  ]);
  const drained = "y".repeat(5000);
  assert.deepEqual(decodeAnyway(`a LOGIN {5000+}\r\n${drained} x\r\nb NOOP\r\n`, PREAUTH_LIMITS), [
    "a NO TOOBIG",
    "b NOOP|",
  ]);
  const many = "{1+}\r\nx ".repeat(5);
  assert.deepEqual(decodeAnyway(`a LOGIN ${many}\r\nb NOOP\r\n`, PREAUTH_LIMITS), [
    "a NO TOOBIG",
    "b NOOP|",
  ]);
});

test("security row 81: a thousand literals, a megabyte in all", () => {
  const thousand = "a SEARCH OR {1+}\r\nx ".repeat(1) + "{1+}\r\nx ".repeat(1001);
  assert.deepEqual(decode(`${thousand}\r\nb NOOP\r\n`, 100000), ["a NO TOOBIG", "b NOOP|"]);
  const heavy = `{200000+}\r\n${"z".repeat(200000)} `.repeat(6);
  assert.deepEqual(decode(`a SEARCH ${heavy}\r\nb NOOP\r\n`, 70000), ["a NO TOOBIG", "b NOOP|"]);
});

test("a line that is too long is refused, in any pieces", () => {
  const limits = { ...SESSION_LIMITS, lineOctets: 100, drainOctets: 1000 };
  assert.deepEqual(
    decodeAnyway(`a NOOP ${"x".repeat(93)}\r\nb NOOP\r\n`, limits)[0].slice(0, 6),
    "a NOOP",
  );
  for (const length of [101, 102, 150, 500]) {
    assert.deepEqual(
      decodeAnyway(`a NOOP ${"x".repeat(length - 7)}\r\nb NOOP\r\n`, limits),
      ["a BAD TOOBIG", "b NOOP|"],
      `length ${length}`,
    );
  }
  // Its literal, too, is no command.
  assert.deepEqual(
    decodeAnyway(`a LOGIN ${"x".repeat(200)} {12+}\r\nz DELETE x\r\n\r\nb NOOP\r\n`, limits),
    ["a BAD TOOBIG", "b NOOP|"],
  );
  assert.deepEqual(decodeAnyway(`a ${"x".repeat(3000)}`, limits), ["hopeless"]);
});

test("only CRLF ends a line", () => {
  assert.deepEqual(decodeAnyway("a NOOP\nb NOOP\r\n")[0].slice(0, 5), "a BAD");
  assert.deepEqual(decodeAnyway("a NOOP\r\r\nb NOOP\r\n").length, 2);
});

test("what is no command", () => {
  assert.deepEqual(decodeAnyway("\r\n+ x\r\n* y\r\na\r\na \r\na 1\r\na NOOP\r\n"), [
    "* BAD ",
    "* BAD ",
    "* BAD ",
    "a BAD ",
    "a BAD ",
    "a BAD ",
    "a NOOP|",
  ]);
  // Its literal is not a command either.
  assert.deepEqual(decodeAnyway("a 1 {12+}\r\nz DELETE x\r\n\r\nb NOOP\r\n"), [
    "a BAD ",
    "b NOOP|",
  ]);
});

test("a browser that was sent here is not listened to", () => {
  assert.deepEqual(decodeAnyway("POST / HTTP/1.1\r\nHost: x\r\n\r\na LOGIN x y\r\n"), ["hopeless"]);
});

test("security row 84: any octets in any pieces mean the same, and nothing throws", () => {
  const word = fc.constantFrom(
    "a ",
    "NOOP",
    "APPEND INBOX ",
    "{3}",
    "{2+}",
    "\r\n",
    "~",
    "(",
    '"',
    "x",
    "{99999999999}",
    "\0",
    "\xff",
    "UID ",
    "LOGIN ",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      decodeAnyway(words.join(""), {
        ...SESSION_LIMITS,
        lineOctets: 50,
        literalOctets: 20,
        literals: 3,
      });
    }),
    { numRuns: 300 },
  );
});
