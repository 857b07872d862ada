/** Names of the ways out of the queue, as its rows hold them. */

/** To the exchangers that DNS names. */
export const SMTP_TRANSPORT = "smtp";
/** To a fixed next hop. */
export const SMARTHOST_TRANSPORT = "smarthost";
/** Into a mailbox of ours, once it can be. Also the destination of such rows. */
export const LOCAL_TRANSPORT = "local";
