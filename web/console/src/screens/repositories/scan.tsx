// What a scan found in an image.
import type { Json, JsonObject } from "../../core/types.js";
import { JsonView } from "../../parts/json_view.js";
import { Text } from "../../parts/text.js";

const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED"];
const MOST_SHOWN = 100;

function textOf(value: Json | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && value !== undefined && typeof value === "object" && !Array.isArray(value);
}

export function Scan({ scan }: { scan: Json }) {
  if (!isObject(scan)) return <p class="note">It was not scanned.</p>;
  const findings = Array.isArray(scan["findings"]) ? scan["findings"].filter(isObject) : undefined;
  if (!findings) return <JsonView value={scan} label="Scan" />;
  const rank = (one: JsonObject): number => SEVERITIES.indexOf(textOf(one["severity"]));
  const sorted = [...findings].sort((a, b) => rank(a) - rank(b));
  const counts = isObject(scan["counts"]) ? scan["counts"] : {};
  return (
    <>
      <p>
        <strong>
          <Text>{textOf(scan["status"])}</Text>
        </strong>{" "}
        {SEVERITIES.filter((name) => counts[name]).map((name) => (
          <span class="tag">
            {textOf(counts[name])} {name.toLowerCase()}
          </span>
        ))}
      </p>
      {sorted.length === 0 && <p class="note">It found nothing.</p>}
      {sorted.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Finding</th>
              <th scope="col">Severity</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, MOST_SHOWN).map((one) => (
              <tr>
                <th scope="row">
                  <Text>{textOf(one["name"])}</Text>
                </th>
                <td>
                  <Text>{textOf(one["severity"])}</Text>
                </td>
                <td>
                  <Text>{textOf(one["description"])}</Text>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {sorted.length > MOST_SHOWN && (
        <p class="soft">
          The first {MOST_SHOWN} of {sorted.length}.
        </p>
      )}
    </>
  );
}
