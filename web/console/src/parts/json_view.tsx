// A JSON document to read. `marked`: the way to the part that matters ("Statement/1").
import { linesOf } from "../core/json_lines.js";
import type { Json } from "../core/types.js";
import { Text } from "./text.js";

export function JsonView({ value, marked, label }: { value: Json; marked?: string | undefined; label: string }) {
  const lines = linesOf(value);
  const isMarked = (path: string): boolean =>
    marked !== undefined && (path === marked || path.startsWith(marked + "/"));
  return (
    <pre class="json" tabIndex={0} role="region" aria-label={label}>
      {lines.map((line) =>
        isMarked(line.path) ? (
          <mark class="line">
            <Text>{line.text}</Text>
            {"\n"}
          </mark>
        ) : (
          <span class="line">
            <Text>{line.text}</Text>
            {"\n"}
          </span>
        ),
      )}
    </pre>
  );
}
