// A JSON value as lines of text, each with the way to what it is part of, so that a part can be
// marked.
import type { Json } from "./types.js";

export interface Line {
  readonly text: string;
  /** "Statement/0/Action" */
  readonly path: string;
}

const MOST_LINES = 5000;
// The members of a statement as people write them; the server may send them in another order.
const FIRST = ["Version", "Id", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

function membersOf(value: { [name: string]: Json }): [string, Json][] {
  const rank = (name: string): number => FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length;
  const members = Object.entries(value);
  return "Effect" in value ? members.sort(([a], [b]) => rank(a) - rank(b)) : members;
}

function isShort(value: Json): boolean {
  return Array.isArray(value) && value.length <= 1 && value.every((one) => one === null || typeof one !== "object");
}

/** At most about `most` lines. */
export function linesOf(value: Json, most = MOST_LINES): Line[] {
  const lines: Line[] = [];
  const write = (part: Json, path: string, indent: string, before: string, after: string): void => {
    if (lines.length >= most) return;
    if (part === null || typeof part !== "object" || isShort(part)) {
      lines.push({ text: indent + before + JSON.stringify(part) + after, path });
      return;
    }
    const list = Array.isArray(part);
    const members: [string, Json][] = list ? part.map((one, i) => [String(i), one]) : membersOf(part);
    if (members.length === 0) {
      lines.push({ text: indent + before + (list ? "[]" : "{}") + after, path });
      return;
    }
    lines.push({ text: indent + before + (list ? "[" : "{"), path });
    members.forEach(([name, one], i) => {
      const comma = i + 1 < members.length ? "," : "";
      write(one, path === "" ? name : `${path}/${name}`, indent + "  ", list ? "" : JSON.stringify(name) + ": ", comma);
    });
    lines.push({ text: indent + (list ? "]" : "}") + after, path });
  };
  write(value, "", "", "", "");
  if (lines.length >= most) lines.push({ text: "… (cut off)", path: "" });
  return lines;
}
