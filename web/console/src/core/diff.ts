// The difference of two texts by lines: the longest common subsequence.

export interface DiffLine {
  readonly mark: " " | "+" | "-";
  readonly text: string;
}

const MOST_CELLS = 4_000_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before === "" ? [] : before.split("\n");
  const b = after === "" ? [] : after.split("\n");
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middleA = a.slice(start, a.length - end);
  const middleB = b.slice(start, b.length - end);
  const same = (text: string): DiffLine => ({ mark: " ", text });
  return [...a.slice(0, start).map(same), ...middle(middleA, middleB), ...a.slice(a.length - end).map(same)];
}

function middle(a: readonly string[], b: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ mark: "-", text });
  const added = (text: string): DiffLine => ({ mark: "+", text });
  // Two long texts that have little in common: one after the other says as much.
  if (a.length * b.length > MOST_CELLS) return [...a.map(removed), ...b.map(added)];
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({ mark: " ", text: a[i] ?? "" });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      lines.push(removed(a[i] ?? ""));
      i += 1;
    } else {
      lines.push(added(b[j] ?? ""));
      j += 1;
    }
  }
  return [...lines, ...a.slice(i).map(removed), ...b.slice(j).map(added)];
}

/** Only the changed lines, each with `context` unchanged ones around; "…" where lines are left out. */
export function hunks(lines: readonly DiffLine[], context = 3): DiffLine[] {
  const near = new Set<number>();
  lines.forEach((line, i) => {
    if (line.mark === " ") return;
    for (let k = i - context; k <= i + context; k += 1) near.add(k);
  });
  const kept: DiffLine[] = [];
  let gap = false;
  lines.forEach((line, i) => {
    if (near.has(i)) {
      kept.push(line);
      gap = false;
    } else if (!gap) {
      kept.push({ mark: " ", text: "…" });
      gap = true;
    }
  });
  return kept;
}
