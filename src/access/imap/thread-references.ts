/**
 * The REFERENCES algorithm (RFC 5256 §3): messages hang under those they answer, as far as their
 * References and In-Reply-To say; threads of one base subject are joined. Ancestors that are not in
 * the mailbox hold a thread together without being shown.
 */

import type { Slicer } from "./slicer.ts";
import { sortSliced } from "./sliced-sort.ts";
import { MAX_THREAD_DEPTH, type ThreadNode } from "./thread-tree.ts";

export type ThreadMessage = {
  readonly number: number;
  /** Hashes of its own id (0 for none), and of its ancestors', oldest first. */
  readonly hashes: Float64Array;
  /** Folded. */
  readonly baseSubject: string;
  readonly isReplyOrForward: boolean;
  /** When it was sent, or else arrived. */
  readonly dateMs: number;
  readonly arrivalMs: number;
};

type Container = {
  message: ThreadMessage | undefined;
  parent: Container | undefined;
  readonly children: Set<Container>;
};

function newContainer(message?: ThreadMessage): Container {
  return { message, parent: undefined, children: new Set() };
}

export async function threadReferences(
  messages: readonly ThreadMessage[],
  slicer: Slicer,
): Promise<ThreadNode[]> {
  const roots = await linkedRoots(messages, slicer);
  const joined = await joinSubjects(await sortByDate(roots, slicer), slicer);
  return toNodes(await sortByDate(joined, slicer), slicer);
}

/**
 * REFS (draft-ietf-morg-inthread): subjects say nothing, and the thread in which something came last
 * stands last.
 */
export async function threadRefs(
  messages: readonly ThreadMessage[],
  slicer: Slicer,
): Promise<ThreadNode[]> {
  const roots = await linkedRoots(messages, slicer);
  const newest = roots.map(newestArrival);
  const order = Uint32Array.from(roots, (_, index) => index);
  await sortSliced(
    order,
    (a, b) => newest[a].arrivalMs - newest[b].arrivalMs || newest[a].number - newest[b].number,
    slicer,
  );
  return toNodes(
    Array.from(order, (index) => roots[index]),
    slicer,
  );
}

function newestArrival(root: Container): { arrivalMs: number; number: number } {
  const newest = { arrivalMs: 0, number: 0 };
  const stack = [root];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { message, children } = next;
    stack.push(...children);
    if (message === undefined) continue;
    newest.arrivalMs = Math.max(newest.arrivalMs, message.arrivalMs);
    newest.number = Math.max(newest.number, message.number);
  }
  return newest;
}

/** Steps 1 to 3: threads as the references alone make them. */
async function linkedRoots(
  messages: readonly ThreadMessage[],
  slicer: Slicer,
): Promise<Container[]> {
  const roots: Container[] = [];
  const all = await linkAll(messages, slicer);
  const tops: Container[] = [];
  for (const container of all) {
    if (container.parent === undefined) tops.push(container);
    if (slicer.isDue()) await slicer.rest();
  }
  await cutDeep(tops, slicer);
  for (const container of all) {
    if (container.parent === undefined) roots.push(...prune(container, true));
    if (slicer.isDue()) await slicer.rest();
  }
  return roots;
}

async function toNodes(roots: readonly Container[], slicer: Slicer): Promise<ThreadNode[]> {
  const nodes: ThreadNode[] = [];
  for (const root of roots) {
    nodes.push(toNode(root));
    if (slicer.isDue()) await slicer.rest();
  }
  return nodes;
}

async function sortByDate(roots: readonly Container[], slicer: Slicer): Promise<Container[]> {
  const first: (ThreadMessage | undefined)[] = [];
  const order = new Uint32Array(roots.length);
  for (let at = 0; at < order.length; at++) {
    order[at] = at;
    first.push(firstMessage(roots[at]));
    if (slicer.isDue()) await slicer.rest();
  }
  await sortSliced(order, (a, b) => compareMessages(first[a], first[b]), slicer);
  return Array.from(order, (index) => roots[index]);
}

/** Step 1: containers by message id, linked. */
async function linkAll(
  messages: readonly ThreadMessage[],
  slicer: Slicer,
): Promise<Set<Container>> {
  const byId = new Map<number, Container>();
  const all = new Set<Container>();
  const containerOf = (id: number): Container => {
    let container = byId.get(id);
    if (container === undefined) {
      container = newContainer();
      byId.set(id, container);
      all.add(container);
    }
    return container;
  };
  for (const message of messages) {
    const { hashes } = message;
    let container = hashes[0] === 0 ? newContainer() : containerOf(hashes[0]);
    // A second message of the same id is another message (RFC 5256 §3 step 1).
    if (container.message !== undefined) container = newContainer();
    container.message = message;
    all.add(container);
    let parent: Container | undefined;
    for (let at = 1; at < hashes.length; at++) {
      const ancestor = containerOf(hashes[at]);
      if (parent !== undefined && ancestor.parent === undefined) link(parent, ancestor);
      parent = ancestor;
    }
    if (parent !== undefined) {
      unlink(container);
      link(parent, container);
    }
    if (slicer.isDue()) await slicer.rest();
  }
  return all;
}

/**
 * Threads deeper than we follow are cut into several. `link` cannot see to that alone: who answers
 * first and is answered last makes a chain grow at its top, where each link is short.
 */
async function cutDeep(roots: readonly Container[], slicer: Slicer): Promise<void> {
  let level = roots;
  for (let depth = 1; level.length > 0; depth++) {
    const next: Container[] = [];
    const isTooDeep = depth > MAX_THREAD_DEPTH;
    for (const container of level) {
      if (isTooDeep) unlink(container);
      for (const child of container.children) next.push(child);
      if (slicer.isDue()) await slicer.rest();
    }
    if (isTooDeep) depth = 1;
    level = next;
  }
}

/** Not if it would close a loop, nor beyond the depth that we follow. */
function link(parent: Container, child: Container): void {
  let depth = 0;
  for (let above: Container | undefined = parent; above !== undefined; above = above.parent) {
    if (above === child || ++depth > MAX_THREAD_DEPTH) return;
  }
  child.parent = parent;
  parent.children.add(child);
}

function unlink(child: Container): void {
  child.parent?.children.delete(child);
  child.parent = undefined;
}

/** Step 3: empty containers go; their children take their place, but at the top only an only child does. */
function prune(container: Container, isRoot: boolean): Container[] {
  const children = [...container.children].flatMap((child) => prune(child, false));
  container.children.clear();
  for (const child of children) adopt(container, child);
  if (container.message !== undefined) return [container];
  if (isRoot && children.length > 1) return [container];
  for (const child of children) child.parent = undefined;
  return children;
}

function adopt(parent: Container, child: Container): void {
  child.parent = parent;
  parent.children.add(child);
}

/** A message stands for its thread; an empty top is as old as its first child. */
function firstMessage(container: Container): ThreadMessage | undefined {
  if (container.message !== undefined) return container.message;
  return [...container.children].sort(byDate)[0]?.message;
}

function byDate(a: Container, b: Container): number {
  return compareMessages(firstMessage(a), firstMessage(b));
}

function compareMessages(a: ThreadMessage | undefined, b: ThreadMessage | undefined): number {
  return (a?.dateMs ?? 0) - (b?.dateMs ?? 0) || (a?.number ?? 0) - (b?.number ?? 0);
}

/** Step 5: threads of one base subject become one. */
async function joinSubjects(roots: readonly Container[], slicer: Slicer): Promise<Container[]> {
  const bySubject = new Map<string, Container>();
  for (const root of roots) {
    if (slicer.isDue()) await slicer.rest();
    const subject = firstMessage(root)?.baseSubject ?? "";
    if (subject === "") continue;
    const other = bySubject.get(subject);
    const isBetter =
      other === undefined ||
      (root.message === undefined && other.message !== undefined) ||
      (other.message?.isReplyOrForward === true && root.message?.isReplyOrForward === false);
    if (isBetter) bySubject.set(subject, root);
  }
  const joined = new Set(roots);
  for (const root of roots) {
    const subject = firstMessage(root)?.baseSubject ?? "";
    const other = bySubject.get(subject);
    if (subject === "" || other === undefined || other === root) continue;
    if (slicer.isDue()) await slicer.rest();
    joined.delete(root);
    const merged = join(other, root);
    if (merged === other) continue;
    joined.delete(other);
    joined.add(merged);
    bySubject.set(subject, merged);
  }
  return [...joined];
}

/** Where `root` goes when `other` has its subject: the container that now holds both. */
function join(other: Container, root: Container): Container {
  if (other.message === undefined && root.message === undefined) {
    for (const child of root.children) adopt(other, child);
    return other;
  }
  const isReply = root.message?.isReplyOrForward ?? false;
  const isAnswered = other.message?.isReplyOrForward === false;
  if (other.message === undefined || (isReply && isAnswered)) {
    adopt(other, root);
    return other;
  }
  const both = newContainer();
  adopt(both, other);
  adopt(both, root);
  return both;
}

/** Step 6: children by date. */
function toNode(container: Container): ThreadNode {
  return {
    number: container.message?.number,
    children: [...container.children].sort(byDate).map((child) => toNode(child)),
  };
}
