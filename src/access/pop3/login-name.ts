/**
 * POP3 knows one maildrop, accounts have many mailboxes: a login name `user+Mailbox@domain`,
 * `user+Mailbox` or `user@domain+Mailbox` asks for another one than INBOX. An account whose name
 * itself has a plus is itself.
 */

export type LoginName = {
  readonly account: string;
  /** Undefined: INBOX. */
  readonly mailbox: string | undefined;
};

export function splitLoginName(name: string, isAccount: (name: string) => boolean): LoginName {
  const whole = { account: name, mailbox: undefined };
  if (!name.includes("+") || isAccount(name)) return whole;
  const at = name.lastIndexOf("@");
  // A domain has no plus, so this one is unmistakable.
  const afterDomain = at === -1 ? -1 : name.indexOf("+", at);
  if (afterDomain !== -1) {
    return split(name.slice(0, afterDomain), name.slice(afterDomain + 1)) ?? whole;
  }
  const local = at === -1 ? name : name.slice(0, at);
  const domain = at === -1 ? "" : name.slice(at);
  const plus = local.indexOf("+");
  if (plus < 1) return whole;
  return split(local.slice(0, plus) + domain, local.slice(plus + 1)) ?? whole;
}

function split(account: string, mailbox: string): LoginName | undefined {
  return account === "" || mailbox === "" ? undefined : { account, mailbox };
}
