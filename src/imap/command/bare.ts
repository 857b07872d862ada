/** Commands without arguments. */

export const BARE_VERBS = [
  "CAPABILITY",
  "NOOP",
  "LOGOUT",
  "STARTTLS",
  "IDLE",
  "NAMESPACE",
  "CHECK",
  "CLOSE",
  "UNSELECT",
  "UNAUTHENTICATE",
] as const;

export type BareVerb = (typeof BARE_VERBS)[number];
export type BareCommand<V extends BareVerb = BareVerb> = V extends BareVerb
  ? { readonly verb: V }
  : never;
