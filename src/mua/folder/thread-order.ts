/**
 * Puts messages into conversations (RFC 5256 §3, the REFERENCES way, without joining by subject:
 * two reports with the same subject are two reports). Linear but for the final sort; loops in what
 * messages claim about each other are cut.
 */

export type ThreadMember = {
  readonly key: number;
  readonly messageId: string;
  /** Ancestors, oldest first: References, or In-Reply-To where there is none. */
  readonly ancestors: readonly string[];
  readonly atMs: number;
};

export type ThreadRow = { readonly key: number; readonly depth: number };

type Node = {
  member: ThreadMember | undefined;
  parent: Node | undefined;
  children: Node[];
  /** Time of the earliest message in this branch. */
  firstMs: number;
};

// References grow with every reply; the nearest ancestors are at the end.
const MAX_ANCESTORS = 50;

/** All members, conversation after conversation, each in the order of time, answers under their question. */
export function threadOrder(members: readonly ThreadMember[]): ThreadRow[] {
  const nodes = new Map<string, Node>();
  const roots: Node[] = [];
  const linked: Node[] = [];
  for (const member of members) linked.push(place(member, nodes));
  for (const node of new Set([...linked, ...nodes.values()]))
    if (node.parent === undefined) roots.push(node);
  return walk(roots);
}

function place(member: ThreadMember, nodes: Map<string, Node>): Node {
  const known = member.messageId === "" ? undefined : nodes.get(member.messageId);
  // A second message with the same id stands for itself.
  const node = known === undefined || known.member !== undefined ? makeNode() : known;
  node.member = member;
  if (known === undefined && member.messageId !== "") nodes.set(member.messageId, node);
  let parent: Node | undefined;
  for (const id of member.ancestors.slice(-MAX_ANCESTORS)) {
    let ancestor = nodes.get(id);
    if (ancestor === undefined) nodes.set(id, (ancestor = makeNode()));
    if (parent !== undefined && ancestor.parent === undefined) adopt(parent, ancestor);
    parent = ancestor;
  }
  if (parent !== undefined) {
    if (node.parent !== undefined) disown(node);
    adopt(parent, node);
  }
  return node;
}

function makeNode(): Node {
  return { member: undefined, parent: undefined, children: [], firstMs: Number.POSITIVE_INFINITY };
}

function adopt(parent: Node, child: Node): void {
  let steps = 0;
  for (let up: Node | undefined = parent; up !== undefined; up = up.parent) {
    if (up === child || ++steps > 1000) return;
  }
  child.parent = parent;
  parent.children.push(child);
}

function disown(node: Node): void {
  const siblings = node.parent?.children ?? [];
  const at = siblings.indexOf(node);
  if (at !== -1) siblings.splice(at, 1);
  node.parent = undefined;
}

function walk(roots: Node[]): ThreadRow[] {
  const rows: ThreadRow[] = [];
  const inOrder = preorder(roots);
  for (const { node } of inOrder.toReversed()) {
    const own = node.member?.atMs ?? Number.POSITIVE_INFINITY;
    node.firstMs = node.children.reduce((first, child) => Math.min(first, child.firstMs), own);
    node.children.sort(byTime);
  }
  roots.sort(byTime);
  for (const { node, depth } of preorder(roots)) {
    if (node.member !== undefined) rows.push({ key: node.member.key, depth });
  }
  return rows;
}

const byTime = (a: Node, b: Node): number =>
  a.firstMs === b.firstMs
    ? (a.member?.key ?? 0) - (b.member?.key ?? 0)
    : a.firstMs < b.firstMs
      ? -1
      : 1;

/** Missing messages take no depth: their answers move up. */
function preorder(roots: readonly Node[]): { node: Node; depth: number }[] {
  const stack = roots.map((node) => ({ node, depth: 0 })).reverse();
  const order: { node: Node; depth: number }[] = [];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    order.push(top);
    const depth = top.node.member === undefined ? top.depth : top.depth + 1;
    for (const child of top.node.children.toReversed()) stack.push({ node: child, depth });
  }
  return order;
}
