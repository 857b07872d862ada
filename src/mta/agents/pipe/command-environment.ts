/**
 * The environment of a delivery command: a few names that Postfix made known, and nothing of ours.
 * Values come from strangers, and programs hand them on to shells, so characters that mean something
 * there become `_`.
 */

import type { DeliveryFacts } from "../here/delivery-facts.ts";

const MAX_VALUE_CHARACTERS = 1000;

export function commandEnvironment(facts: DeliveryFacts): Record<string, string> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: "/",
    SHELL: "/bin/sh",
    LANG: "C",
    SENDER: harmless(facts.sender),
    RECIPIENT: harmless(facts.recipient),
    ORIGINAL_RECIPIENT: harmless(facts.originalRecipient),
    LOCAL: harmless(facts.user),
    EXTENSION: harmless(facts.detail),
    DOMAIN: harmless(facts.domain),
    USER: harmless(facts.user),
    LOGNAME: harmless(facts.user),
    QUEUE_ID: harmless(facts.queueId),
  };
}

function harmless(value: string): string {
  return value.replace(/[^0-9A-Za-z!@%_=+:,./-]/g, "_").slice(0, MAX_VALUE_CHARACTERS);
}
