/**
 * Names of other accounts' mailboxes: `Other Users/bob@example.org/Club` (RFC 2342 §5). A slash in an
 * address, which RFC 5322 permits, is written `%2F`, so that levels stay levels.
 */

export const OTHER_USERS = "Other Users";
const PREFIX = `${OTHER_USERS}/`;

export type SharedName = {
  readonly owner: string;
  /** As the owner sees it; empty for the level of the owner itself. */
  readonly name: string;
};

/** Whether `name` lies in the namespace of other users, or is its first level. */
export function isSharedName(name: string): boolean {
  return name === OTHER_USERS || name.startsWith(PREFIX);
}

export function parseSharedName(name: string): SharedName | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const rest = name.slice(PREFIX.length);
  const slash = rest.indexOf("/");
  const owner = slash === -1 ? rest : rest.slice(0, slash);
  return {
    owner: owner.replace(/%2F/gi, "/").replace(/%25/g, "%").toLowerCase(),
    name: slash === -1 ? "" : rest.slice(slash + 1),
  };
}

export function formatSharedName(owner: string, name: string): string {
  return `${PREFIX}${owner.replace(/%/g, "%25").replace(/\//g, "%2F")}/${name}`;
}
