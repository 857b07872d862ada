/** What a person can `set` in line mode; names and meanings are mailx's where mailx has them. */

export type SettingName =
  | "askbcc"
  | "askcc"
  | "asksub"
  | "autoprint"
  | "crt"
  | "dot"
  | "editalong"
  | "flipr"
  | "header"
  | "indentprefix"
  | "quote"
  | "record"
  | "screen"
  | "sign"
  | "toplines";

type Setting = { readonly value: string | boolean; readonly help: string };

const DEFAULTS: Readonly<Record<SettingName, Setting>> = {
  askbcc: { value: false, help: "ask for Bcc before a message is written" },
  askcc: { value: false, help: "ask for Cc before a message is written" },
  asksub: { value: true, help: "ask for the subject if there is none" },
  autoprint: { value: false, help: "show the next message after delete and undelete" },
  crt: {
    value: "",
    help: "lines from which on a message goes through the pager; empty: those of the screen",
  },
  dot: { value: true, help: "a line with only a dot ends a message" },
  editalong: { value: false, help: "open the editor at once for every message written" },
  flipr: { value: false, help: "reply answers only the writer, Reply everybody" },
  header: { value: true, help: "show the list when a folder is opened" },
  indentprefix: { value: "> ", help: "what stands before quoted lines" },
  quote: { value: true, help: "begin an answer with the text it answers" },
  record: { value: true, help: "keep a copy of what is sent in the mailbox for sent mail" },
  screen: { value: "", help: "lines of a page of the list; empty: those of the screen" },
  sign: { value: "", help: "text that ~a puts in" },
  toplines: { value: "5", help: "lines that top shows" },
};

export class Settings {
  readonly #values = new Map<string, string | boolean>();

  isOn(name: SettingName): boolean {
    const value = this.#value(name);
    return value === true || (typeof value === "string" && value !== "");
  }

  text(name: SettingName): string {
    const value = this.#value(name);
    return typeof value === "string" ? value : "";
  }

  /** The number in a setting, or `otherwise` where it holds none. */
  number(name: SettingName, otherwise: number): number {
    const text = this.text(name);
    return /^\d{1,6}$/.test(text) ? Number(text) : otherwise;
  }

  /** `name`, `noname` or `name=value`; the sentence that says what is wrong, if anything. */
  set(assignment: string): string | undefined {
    const match = /^([a-z]+)(?:=([^]*))?$/.exec(assignment);
    const name = match?.[1] ?? "";
    if (match !== null && isSettingName(name)) {
      this.#values.set(name, match[2] ?? true);
      return undefined;
    }
    const positive = name.replace(/^no/, "");
    if (match !== null && match[2] === undefined && isSettingName(positive)) {
      this.#values.set(positive, false);
      return undefined;
    }
    return `${assignment}: there is no such setting; "set" alone lists them`;
  }

  describe(): string {
    return Object.entries(DEFAULTS)
      .map(([name, { help }]) => {
        const value = isSettingName(name) ? this.#value(name) : false;
        const shown = value === false ? `no${name}` : value === true ? name : `${name}="${value}"`;
        return `${shown.padEnd(22)} ${help}\n`;
      })
      .join("");
  }

  #value(name: SettingName): string | boolean {
    return this.#values.get(name) ?? DEFAULTS[name].value;
  }
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(DEFAULTS, name);
}
