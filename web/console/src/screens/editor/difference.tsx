// What the text changes in what is stored.
import { diffLines, hunks } from "../../core/diff.js";
import { Text } from "../../parts/text.js";

const NAMES = { " ": "", "+": "added", "-": "removed" } as const;

export function Difference({ before, after }: { before: string; after: string }) {
  const lines = diffLines(before, after);
  if (lines.every((line) => line.mark === " ")) return <p class="note">Nothing is changed.</p>;
  return (
    <pre class="json difference" tabIndex={0} role="region" aria-label="Difference to what is stored">
      {hunks(lines).map((line) => (
        <span class={"line " + NAMES[line.mark]}>
          {line.mark !== " " && <span class="visually-hidden">{NAMES[line.mark]}: </span>}
          <span aria-hidden="true">{line.mark} </span>
          <Text>{line.text}</Text>
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
