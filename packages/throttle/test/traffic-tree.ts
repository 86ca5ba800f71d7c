import { TokenBucket } from '../src/index.ts';

/** A tree of rates, and what its leaves want to send. */
export interface TrafficNode {
  readonly bytesPerSecond: number;
  readonly weight: number;
  readonly children: readonly TrafficNode[];
  /** What a leaf has to send, bytes a second; Infinity for one that always has more. */
  readonly demand: number;
  /** What a leaf sends at once. */
  readonly frameBytes: number;
}

export function leaf(parts: Partial<TrafficNode> = {}): TrafficNode {
  return { bytesPerSecond: Infinity, weight: 1, children: [], demand: Infinity, frameBytes: 1000, ...parts };
}

export function node(bytesPerSecond: number, children: readonly TrafficNode[], weight = 1): TrafficNode {
  return leaf({ bytesPerSecond, children, weight });
}

/** The leaves from left to right. */
export function leavesOf(tree: TrafficNode): TrafficNode[] {
  return tree.children.length === 0 ? [tree] : tree.children.flatMap(leavesOf);
}

/** The buckets of a tree, those of the leaves in the order of `leavesOf`. */
export function plantBuckets(tree: TrafficNode, parent?: TokenBucket): { root: TokenBucket; leaves: TokenBucket[] } {
  const { bytesPerSecond, weight } = tree;
  const root = new TokenBucket({ bytesPerSecond, weight, ...(parent && { parent }) });
  if (tree.children.length === 0) return { root, leaves: [root] };
  return { root, leaves: tree.children.flatMap((child) => plantBuckets(child, root).leaves) };
}

/**
 * What each leaf gets when the tree is divided fairly, computed from the top: nobody gets more than it wants, and what it leaves is
 * divided again among the others by their weights. The reference that the buckets are held against.
 */
export function fairShares(tree: TrafficNode, supply = Infinity): number[] {
  const share = Math.min(supply, wantOf(tree));
  if (tree.children.length === 0) return [share];
  const supplies = new Map<TrafficNode, number>();
  let left = share;
  let open = [...tree.children];
  for (;;) {
    const perWeight = left / open.reduce((sum, { weight }) => sum + weight, 0);
    const sated = open.filter((child) => wantOf(child) <= perWeight * child.weight);
    if (sated.length === 0 || sated.length === open.length) {
      for (const child of open) supplies.set(child, Math.min(wantOf(child), perWeight * child.weight));
      return tree.children.flatMap((child) => fairShares(child, supplies.get(child)));
    }
    for (const child of sated) supplies.set(child, wantOf(child));
    left -= sated.reduce((sum, child) => sum + wantOf(child), 0);
    open = open.filter((child) => !sated.includes(child));
  }
}

function wantOf({ bytesPerSecond, children, demand }: TrafficNode): number {
  const below = children.length === 0 ? demand : children.reduce((sum, child) => sum + wantOf(child), 0);
  return Math.min(bytesPerSecond, below);
}
