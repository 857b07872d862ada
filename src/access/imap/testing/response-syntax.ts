/**
 * A strict reader of server responses, written from the ABNF (RFC 3501 §9, RFC 9051 §9 and the
 * extensions named at each rule). It knows no leniency: what is not in the grammar is a problem.
 */

export function problemOfResponse(response: string): string | undefined {
  const reader = new SyntaxReader(response);
  try {
    reader.response();
    return undefined;
  } catch (error) {
    return error instanceof SyntaxProblem ? error.message : String(error);
  }
}

class SyntaxProblem extends Error {}

const CODES_WITHOUT_ARGUMENT = new Set(
  (
    "ALERT ALREADYEXISTS AUTHENTICATIONFAILED AUTHORIZATIONFAILED CANNOT CLIENTBUG CLOSED CONTACTADMIN " +
    "CORRUPTION EXPIRED EXPUNGEISSUED HASCHILDREN INUSE LIMIT NONEXISTENT NOPERM OVERQUOTA PARSE " +
    "PRIVACYREQUIRED READ-ONLY READ-WRITE SERVERBUG TRYCREATE UIDNOTSTICKY UNAVAILABLE UNKNOWN-CTE " +
    "NOTIFICATIONOVERFLOW NOMODSEQ UIDREQUIRED TOOBIG USEATTR COMPRESSIONACTIVE"
  ).split(" "),
);

class SyntaxReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  response(): void {
    // RFC 9051 §9 continue-req: base64 may be empty.
    if (this.#is("+ ")) return this.#at === this.#text.length ? undefined : this.#respText();
    if (!this.#is("* ")) {
      this.#match(/[A-Za-z0-9.*]+/y, "tag");
      this.#space();
      this.#match(/OK|NO|BAD/y, "status");
      this.#space();
      return this.#respText();
    }
    const number = this.#maybe(/\d+(?= )/y);
    if (number !== undefined) this.#messageData();
    else this.#untagged(this.#match(/[A-Z]+/y, "response name"));
    if (this.#at !== this.#text.length) this.#fail("characters after the response");
  }

  #messageData(): void {
    this.#space();
    // RFC 9586 §4: UIDFETCH
    const name = this.#match(/EXISTS|RECENT|EXPUNGE|FETCH|UIDFETCH/y, "message data");
    if (!name.endsWith("FETCH")) return;
    this.#space();
    this.#list(() => this.#fetchItem());
  }

  #untagged(name: string): void {
    switch (name) {
      case "OK":
      case "NO":
      case "BAD":
      case "BYE":
      case "PREAUTH":
        this.#space();
        return this.#respText();
      case "CAPABILITY":
        return this.#words(true);
      case "ENABLED":
        return this.#words(false);
      case "FLAGS":
        this.#space();
        return this.#list(() => this.#flag(), true);
      case "LIST":
      case "LSUB":
        return this.#mailboxList();
      case "STATUS":
        return this.#status();
      case "SEARCH":
        while (this.#maybe(/ (?=\d)/y) !== undefined) this.#number();
        if (this.#is(" (MODSEQ ")) {
          this.#number();
          this.#expect(")");
        }
        return;
      case "SORT":
        while (this.#maybe(/ (?=\d)/y) !== undefined) this.#number();
        if (this.#is(" (MODSEQ ")) {
          this.#number();
          this.#expect(")");
        }
        return;
      case "THREAD":
        if (this.#is(" "))
          do this.#thread();
          while (this.#peek() === "(");
        return;
      case "ESEARCH":
        return this.#esearch();
      case "VANISHED":
        this.#is(" (EARLIER)");
        this.#space();
        return this.#set();
      case "ID":
        this.#space();
        if (this.#is("NIL")) return;
        return this.#list(() => (this.#string(), this.#space(), this.#nstring()));
      case "NAMESPACE":
        for (let kind = 0; kind < 3; kind++) {
          this.#space();
          if (!this.#is("NIL")) this.#parenthesized(() => this.#namespace());
        }
        return;
      case "QUOTAROOT":
        this.#space();
        this.#astring();
        while (this.#is(" ")) this.#astring();
        return;
      case "QUOTA":
        this.#space();
        this.#astring();
        this.#space();
        return this.#list(() => {
          this.#atom();
          this.#space();
          this.#number();
          this.#space();
          this.#number();
        }, true);
      case "ACL":
        // RFC 4314 §7
        this.#space();
        this.#astring();
        while (this.#is(" ")) {
          this.#astring();
          this.#space();
          this.#rights();
        }
        return;
      case "METADATA":
        // RFC 5464 §5: names alone, or names with values.
        this.#space();
        this.#astring();
        this.#space();
        if (this.#peek() !== "(") {
          do this.#entry();
          while (this.#is(" "));
          return;
        }
        return this.#list(() => {
          this.#entry();
          this.#space();
          this.#is("~");
          this.#nstring();
        });
      case "LISTRIGHTS":
        this.#space();
        this.#astring();
        this.#space();
        this.#astring();
        this.#space();
        this.#rights();
        while (this.#is(" ")) this.#rights();
        return;
      case "MYRIGHTS":
        this.#space();
        this.#astring();
        this.#space();
        return this.#rights();
      default:
        this.#fail(`unknown response ${name}`);
    }
  }

  #words(mayBeLong: boolean): void {
    let count = 0;
    while (this.#is(" ")) {
      this.#match(/[A-Za-z0-9=+\-_.<>/]+/y, "capability");
      count++;
    }
    if (mayBeLong && count === 0) this.#fail("no capabilities");
  }

  #respText(): void {
    if (this.#is("[")) {
      const name = this.#match(/[A-Z0-9-]+/y, "response code");
      this.#code(name);
      this.#expect("]");
      this.#space();
    }
    this.#match(/[\x20-\x7e]+/y, "text");
    if (this.#at !== this.#text.length) this.#fail("characters after the text");
  }

  #code(name: string): void {
    if (CODES_WITHOUT_ARGUMENT.has(name)) return;
    switch (name) {
      case "CAPABILITY":
        return this.#words(true);
      case "BADCHARSET":
        this.#space();
        return this.#list(() => this.#astring());
      case "PERMANENTFLAGS":
        this.#space();
        return this.#list(() => (this.#is("\\*") ? undefined : this.#flag()), true);
      case "UIDNEXT":
      case "UIDVALIDITY":
      case "UNSEEN":
        this.#space();
        return this.#nonZero();
      case "HIGHESTMODSEQ":
        this.#space();
        return this.#number();
      case "APPENDUID":
        this.#space();
        this.#nonZero();
        this.#space();
        return this.#set();
      case "COPYUID":
        this.#space();
        this.#nonZero();
        this.#space();
        this.#set();
        this.#space();
        return this.#set();
      case "METADATA":
        // RFC 5464 §5 resp-text-code
        if (this.#is(" TOOMANY") || this.#is(" NOPRIVATE")) return;
        this.#match(/ (?:LONGENTRIES|MAXSIZE) /y, "metadata code");
        return this.#number();
      case "BADEVENT":
        // RFC 5465 §8
        this.#space();
        return this.#list(() => this.#atom());
      case "MODIFIED":
        this.#space();
        return this.#set();
      case "MAILBOXID":
        this.#space();
        return this.#list(() => this.#objectId());
      case "BADURL":
        // RFC 4469 §5
        this.#space();
        this.#match(/[\x21-\x5c\x5e-\x7e]+/y, "URL");
        return;
      case "NOUPDATE":
        this.#space();
        this.#match(/"[^"\\]*"/y, "tag");
        return;
      case "INPROGRESS":
        // RFC 9585 §7
        if (!this.#is(" (")) return;
        if (!this.#is("NIL")) this.#match(/"[^"\\]*"/y, "tag");
        this.#space();
        if (!this.#is("NIL")) this.#number();
        this.#space();
        if (!this.#is("NIL")) this.#nonZero();
        return this.#expect(")");
      default:
        this.#fail(`unknown response code ${name}`);
    }
  }

  #mailboxList(): void {
    this.#space();
    this.#list(() => this.#match(/\\[A-Za-z]+/y, "mailbox attribute"), true);
    this.#space();
    if (!this.#is("NIL")) this.#match(/"(?:[^"\\]|\\["\\])"/y, "separator");
    this.#space();
    this.#astring();
    // RFC 5258 §6: mbox-list-extended
    if (this.#is(" ")) {
      this.#list(() => {
        this.#astring();
        this.#space();
        this.#list(() => this.#astring());
      });
    }
  }

  #status(): void {
    this.#space();
    this.#astring();
    this.#space();
    this.#list(() => {
      const item = this.#match(/[A-Z]+(?:-STORAGE)?/y, "status item");
      this.#space();
      if (item === "MAILBOXID") this.#list(() => this.#objectId());
      else this.#number();
    }, true);
  }

  /** RFC 4731 §4 */
  #esearch(): void {
    if (this.#is(" (TAG ")) {
      this.#string();
      // RFC 7377 §4
      if (this.#is(" MAILBOX ")) {
        this.#astring();
        this.#expect(" UIDVALIDITY ");
        this.#nonZero();
      }
      this.#expect(")");
    }
    this.#is(" UID");
    while (this.#is(" ")) this.#searchReturnData();
  }

  #searchReturnData(): void {
    const item = this.#match(
      /MIN|MAX|ALL|COUNT|MODSEQ|PARTIAL|RELEVANCY|ADDTO|REMOVEFROM/y,
      "search return",
    );
    this.#space();
    switch (item) {
      case "ALL":
        return this.#set();
      case "PARTIAL":
        // RFC 9394 §4
        this.#expect("(");
        this.#match(/[1-9]\d*:[1-9]\d*|-[1-9]\d*:-[1-9]\d*/y, "partial range");
        this.#space();
        if (!this.#is("NIL")) this.#set();
        return this.#expect(")");
      case "RELEVANCY":
        // RFC 6203 §6
        return this.#list(() => this.#match(/[1-9]\d?(?!\d)|100/y, "score"), true);
      case "ADDTO":
      case "REMOVEFROM":
        // RFC 5267 §5
        this.#expect("(");
        do {
          this.#number();
          this.#space();
          this.#set();
        } while (this.#is(" "));
        return this.#expect(")");
      default:
        return this.#number();
    }
  }

  /** RFC 5256 §5 thread-list */
  #thread(): void {
    this.#expect("(");
    const hasMember = this.#maybe(/[1-9]\d*(?: [1-9]\d*)*/y) !== undefined;
    if (this.#peek() !== ")") {
      if (hasMember) this.#space();
      let count = 0;
      for (; this.#peek() === "("; count++) this.#thread();
      if (count < 2) this.#fail("a branch needs two threads");
    }
    this.#expect(")");
  }

  #namespace(): void {
    this.#expect("(");
    this.#string();
    this.#space();
    if (!this.#is("NIL")) this.#match(/"(?:[^"\\]|\\["\\])"/y, "separator");
    this.#expect(")");
  }

  #fetchItem(): void {
    const name = this.#match(/X-GM-[A-Z]+|[A-Z][A-Z0-9]*(?:\.[A-Z]+)*/y, "fetch item");
    switch (name) {
      case "BODY":
        if (this.#is("[")) return this.#section();
        this.#space();
        return this.#body(false);
      case "BINARY":
        this.#expect("[");
        this.#maybe(/[1-9]\d*(?:\.[1-9]\d*)*/y);
        this.#expect("]");
        this.#maybe(/<\d+>/y);
        this.#space();
        this.#is("~");
        return this.#nstring();
      case "BINARY.SIZE":
        this.#expect("[");
        this.#maybe(/[1-9]\d*(?:\.[1-9]\d*)*/y);
        this.#expect("]");
        this.#space();
        return this.#number();
      default:
        this.#space();
        return this.#plainItem(name);
    }
  }

  #plainItem(name: string): void {
    switch (name) {
      case "FLAGS":
        return this.#list(() => (this.#is("\\Recent") ? undefined : this.#flag()), true);
      case "UID":
        return this.#nonZero();
      case "RFC822.SIZE":
        return this.#number();
      case "INTERNALDATE":
      case "SAVEDATE":
        if (name === "SAVEDATE" && this.#is("NIL")) return;
        this.#match(
          /"[ \d]\d-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}"/y,
          "date-time",
        );
        return;
      case "RFC822":
      case "RFC822.HEADER":
      case "RFC822.TEXT":
        return this.#nstring();
      case "PREVIEW":
        return this.#nstring();
      case "ENVELOPE":
        return this.#envelope();
      case "BODYSTRUCTURE":
        return this.#body(true);
      case "MODSEQ":
        return this.#list(() => this.#nonZero());
      case "EMAILID":
        return this.#list(() => this.#objectId());
      case "X-GM-MSGID":
      case "X-GM-THRID":
        return this.#nonZero();
      case "X-GM-LABELS":
        // Google's IMAP extensions: system labels begin with a backslash, others are strings.
        return this.#list(() => (this.#peek() === "\\" ? this.#flag() : this.#astring()), true);
      case "THREADID":
        if (this.#is("NIL")) return;
        return this.#list(() => this.#objectId());
      default:
        this.#fail(`unknown fetch item ${name}`);
    }
  }

  #section(): void {
    const path = this.#maybe(/[1-9]\d*(?:\.[1-9]\d*)*/y);
    if (path === undefined || this.#is(".")) {
      const word = this.#maybe(/HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME/y);
      if (path !== undefined && word === undefined) this.#fail("section ends in a dot");
      if (word === "MIME" && path === undefined) this.#fail("MIME without a part");
      if (word?.startsWith("HEADER.FIELDS")) {
        this.#space();
        this.#list(() => this.#astring());
      }
    }
    this.#expect("]");
    this.#maybe(/<\d+>/y);
    this.#space();
    this.#nstring();
  }

  #envelope(): void {
    this.#expect("(");
    this.#nstring();
    this.#space();
    this.#nstring();
    for (let list = 0; list < 6; list++) {
      this.#space();
      if (!this.#is("NIL")) this.#parenthesized(() => this.#address());
    }
    this.#space();
    this.#nstring();
    this.#space();
    this.#nstring();
    this.#expect(")");
  }

  #address(): void {
    this.#expect("(");
    for (let member = 0; member < 4; member++) {
      if (member > 0) this.#space();
      this.#nstring();
    }
    this.#expect(")");
  }

  #body(isExtensible: boolean): void {
    this.#expect("(");
    if (this.#peek() === "(") this.#multipart(isExtensible);
    else this.#singlePart(isExtensible);
    this.#expect(")");
  }

  #multipart(isExtensible: boolean): void {
    while (this.#peek() === "(") this.#body(isExtensible);
    this.#space();
    this.#string();
    if (!isExtensible || !this.#is(" ")) return;
    this.#params();
    this.#extensionTail();
  }

  #singlePart(isExtensible: boolean): void {
    const type = this.#string().toLowerCase();
    this.#space();
    const subtype = this.#string().toLowerCase();
    this.#space();
    this.#params();
    this.#space();
    this.#nstring();
    this.#space();
    this.#nstring();
    this.#space();
    this.#string();
    this.#space();
    this.#number();
    if (type === "message" && (subtype === "rfc822" || subtype === "global")) {
      this.#space();
      this.#envelope();
      this.#space();
      this.#body(isExtensible);
      this.#space();
      this.#number();
    } else if (type === "text") {
      this.#space();
      this.#number();
    }
    if (!isExtensible || !this.#is(" ")) return;
    this.#nstring();
    this.#extensionTail();
  }

  /** [SP dsp [SP lang [SP loc]]] */
  #extensionTail(): void {
    if (!this.#is(" ")) return;
    if (!this.#is("NIL")) {
      this.#expect("(");
      this.#string();
      this.#space();
      this.#params();
      this.#expect(")");
    }
    if (!this.#is(" ")) return;
    if (this.#peek() === "(") this.#list(() => this.#string());
    else this.#nstring();
    if (this.#is(" ")) this.#nstring();
  }

  #params(): void {
    if (this.#is("NIL")) return;
    this.#list(() => {
      this.#string();
      this.#space();
      this.#string();
    });
  }

  // --- terminals

  #list(item: () => void, mayBeEmpty = false): void {
    this.#expect("(");
    if (mayBeEmpty && this.#is(")")) return;
    do item();
    while (this.#is(" "));
    this.#expect(")");
  }

  /** `(` items without spaces between `)`, at least one. */
  #parenthesized(item: () => void): void {
    this.#expect("(");
    do item();
    while (this.#peek() === "(");
    this.#expect(")");
  }

  #flag(): void {
    this.#match(/\\?[^(){ \x00-\x1f\x7f-\xff%*"\\\]]+/y, "flag");
  }

  /** RFC 4314 §7: letters of rights, each once. */
  #rights(): void {
    if (this.#is('""')) return;
    const letters = this.#match(/[lrswipkxteacd0-9]+/y, "rights");
    if (new Set(letters).size !== letters.length) this.#fail("a right twice");
  }

  /** RFC 5464 §3.2 */
  #entry(): void {
    const text = this.#peek() === '"' ? this.#string() : this.#match(/[!-~]+/y, "entry");
    if (!/^\/(?:private|shared)(?:\/[^/%*]+)*$/.test(text)) this.#fail("not an entry name");
  }

  #objectId(): void {
    this.#match(/[A-Za-z0-9_-]{1,255}/y, "object id");
  }

  #atom(): void {
    this.#match(/[^(){ \x00-\x1f\x7f-\xff%*"\\\]]+/y, "atom");
  }

  #astring(): void {
    if (this.#peek() === '"' || this.#peek() === "{") this.#string();
    else this.#match(/[^(){ \x00-\x1f\x7f-\xff%*"\\]+/y, "astring");
  }

  #nstring(): void {
    if (!this.#is("NIL")) this.#string();
  }

  #string(): string {
    const quoted = this.#maybe(/"(?:[^"\\\r\n\x00]|\\["\\])*"/y);
    if (quoted !== undefined) return quoted.slice(1, -1);
    const literal = /^\{(\d+)\}\r\n$/.exec(this.#match(/\{\d+\}\r\n/y, "string"));
    const length = Number(literal?.[1]);
    const octets = this.#text.slice(this.#at, this.#at + length);
    if (octets.length !== length) this.#fail("literal is cut short");
    this.#at += length;
    return octets;
  }

  #set(): void {
    this.#match(/[1-9]\d*(?::[1-9]\d*)?(?:,[1-9]\d*(?::[1-9]\d*)?)*/y, "set");
  }

  #number(): void {
    this.#match(/0|[1-9]\d*/y, "number");
  }

  #nonZero(): void {
    this.#match(/[1-9]\d*/y, "number above 0");
  }

  #space(): void {
    this.#expect(" ");
  }

  #peek(): string {
    return this.#text.slice(this.#at, this.#at + 1);
  }

  #is(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#is(text)) this.#fail(`expected "${text}"`);
  }

  #maybe(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  #match(pattern: RegExp, what: string): string {
    return this.#maybe(pattern) ?? this.#fail(`expected ${what}`);
  }

  #fail(problem: string): never {
    const near = this.#text.slice(Math.max(0, this.#at - 30), this.#at + 10);
    throw new SyntaxProblem(`${problem} at ${this.#at}, near ${JSON.stringify(near)}`);
  }
}
