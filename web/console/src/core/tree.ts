// Repositories as a tree of namespaces: "team/app" is app in team.

export interface Named {
  readonly name: string;
}

export type TreeRow<T> =
  | { readonly kind: "namespace"; readonly key: string; readonly label: string; readonly depth: number; readonly count: number; readonly open: boolean }
  | { readonly kind: "leaf"; readonly key: string; readonly label: string; readonly depth: number; readonly item: T };

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly leaves: T[];
  count: number;
}

function emptyNode<T>(): Node<T> {
  return { children: new Map(), leaves: [], count: 0 };
}

function treeOf<T extends Named>(items: readonly T[]): Node<T> {
  const root = emptyNode<T>();
  for (const item of items) {
    const parts = item.name.split("/");
    let node = root;
    node.count += 1;
    for (const part of parts.slice(0, -1)) {
      let child = node.children.get(part);
      if (!child) {
        child = emptyNode<T>();
        node.children.set(part, child);
      }
      node = child;
      node.count += 1;
    }
    node.leaves.push(item);
  }
  return root;
}

/** The rows in sight: namespaces first, and what is in those that are open. */
export function treeRows<T extends Named>(items: readonly T[], open: ReadonlySet<string>, keyOf: (item: T) => string): TreeRow<T>[] {
  const rows: TreeRow<T>[] = [];
  const visit = (node: Node<T>, prefix: string, depth: number): void => {
    const names = [...node.children.keys()].sort();
    for (const name of names) {
      const child = node.children.get(name);
      if (!child) continue;
      const key = prefix + name + "/";
      const isOpen = open.has(key);
      rows.push({ kind: "namespace", key, label: name, depth, count: child.count, open: isOpen });
      // A name has 256 characters at most, so that the depth is limited.
      if (isOpen) visit(child, key, depth + 1);
    }
    for (const item of node.leaves) {
      rows.push({ kind: "leaf", key: keyOf(item), label: item.name.slice(prefix.length), depth, item });
    }
  };
  visit(treeOf(items), "", 0);
  return rows;
}
