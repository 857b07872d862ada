/** What a status code (RFC 3463) means for the person who wrote the mail, and what to do about it. */

const HINTS: Readonly<Record<string, string>> = {
  "1.1": "There is no such mailbox. Check how the address is spelled.",
  "1.2": "The part after the @ does not exist. Check how it is spelled.",
  "1.3": "The address is not written as addresses are.",
  "1.10": "The domain says that it takes no mail at all.",
  "2.1": "The mailbox exists, but is switched off.",
  "2.2": "The mailbox is full. Its owner must make room first.",
  "2.3": "The message is too large for this mailbox.",
  "3.4": "The message is too large for the other system. Send less at once, or a link.",
  "4.1": "No connection to the other system could be made.",
  "4.2": "The connection to the other system broke.",
  "4.3": "The name service did not say where the mail goes.",
  "4.4": "No host takes mail for this domain.",
  "4.6": "The mail goes in circles between hosts. Their administrators must mend that.",
  "4.7": "The mail could not be delivered in all the time we tried.",
  "6.3": "The other system does not take messages in this form. Send plain text.",
  "6.7": "The other system does not take international addresses.",
  "7.1": "The other system does not want this mail from you. Ask its owner in another way.",
  "7.30": "The way to the other system is not protected as you have asked.",
};

const CLASS_HINTS: Readonly<Record<string, string>> = {
  "1": "Something is wrong with the address.",
  "2": "Something is wrong with the mailbox.",
  "3": "The other system had a fault of its own.",
  "4": "The mail could not be brought to the other system.",
  "5": "The two systems did not understand each other.",
  "6": "The other system could not handle the content.",
  "7": "The other system refused the mail for reasons of security or policy.",
};

export function statusHint(status: string): string | undefined {
  const [, subject, detail] = status.split(".");
  return HINTS[`${subject}.${detail}`] ?? CLASS_HINTS[subject];
}
