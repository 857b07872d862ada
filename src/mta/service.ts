/** `smtp`: other hosts hand over mail, port 25. `submission`: our people do, ports 587 and 465. `lmtp`: another mail server's final hop (RFC 2033). */
export type Service = "smtp" | "submission" | "lmtp";
