// The lines of the live view: a docker push or pull is many requests, which fold into one row.
import type { RequestLine } from "./types.js";

/** A pause between two requests of one push; docker uploads layers for longer only within a request. */
const SAME_WORK_MILLISECONDS = 10_000;
const MOST_LINES = 5000;

export interface LiveRow {
  readonly key: string;
  /** Newest last. */
  readonly lines: RequestLine[];
  /** "app": the repository of registry requests that belong together. */
  readonly repository: string | undefined;
}

const REGISTRY_PATH = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//;

/** The repository of a request of docker and its like; empty: one of no repository (GET /v2/). */
export function registryRepository(path: string): string | undefined {
  if (path === "/v2" || path === "/v2/") return "";
  return REGISTRY_PATH.exec(path)?.[1];
}

export function isRefused(line: RequestLine): boolean {
  return line.status >= 400 || (line.decision !== null && line.decision !== "Allowed");
}

/** What a group of registry requests was for. */
export function workOf(row: LiveRow): "push" | "pull" {
  return row.lines.some((line) => line.method === "POST" || line.method === "PUT" || line.method === "PATCH") ? "push" : "pull";
}

/** Collects lines as they arrive; `rows` is newest first. */
export class LiveRows {
  private readonly all: LiveRow[] = [];
  private count = 0;

  add(line: RequestLine): void {
    const repository = registryRepository(line.path);
    const open = repository === undefined ? undefined : this.openGroup(line, repository);
    if (open) {
      open.lines.push(line);
    } else {
      const named = repository === undefined || repository === "" ? undefined : repository;
      this.all.push({ key: String(line.sequence), lines: [line], repository: named });
    }
    this.count += 1;
    while (this.count > MOST_LINES && this.all.length > 1) {
      this.count -= this.all.shift()?.lines.length ?? 0;
    }
  }

  private openGroup(line: RequestLine, repository: string): LiveRow | undefined {
    const time = Date.parse(line.time);
    // Other clients' requests may come in between, but not many within one push.
    for (let i = this.all.length - 1; i >= Math.max(0, this.all.length - 20); i -= 1) {
      const row = this.all[i];
      const last = row?.lines[row.lines.length - 1];
      if (!row || !last || row.repository === undefined) continue;
      const same = last.principal === line.principal && last.client === line.client;
      const near = Math.abs(time - Date.parse(last.time)) <= SAME_WORK_MILLISECONDS;
      if (same && near && (repository === "" || row.repository === repository)) return row;
    }
    return undefined;
  }

  rows(): LiveRow[] {
    return [...this.all].reverse();
  }

  size(): number {
    return this.count;
  }

  clear(): void {
    this.all.length = 0;
    this.count = 0;
  }
}
