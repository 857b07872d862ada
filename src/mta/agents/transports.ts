/** Names of the ways out of the queue, as its rows hold them. */

/** To the exchangers that DNS names. */
export const SMTP_TRANSPORT = "smtp";
/** To the fixed next hop of a rule. Rows of older versions say `smarthost` here too. */
export const ROUTE_TRANSPORT = "route";
/** To the fixed next hop for all mail that goes elsewhere. */
export const SMARTHOST_TRANSPORT = "smarthost";
/** Into a mailbox of ours, once it can be. Also the destination of such rows. */
export const LOCAL_TRANSPORT = "local";
/** To the mailboxes of another server. */
export const LMTP_TRANSPORT = "lmtp";
/** What an alias file says instead of an address: a file, a command, a named transport. Its destination is that text. */
export const TARGET_TRANSPORT = "target";
