// A bar for each rule: how many images it takes, and along the time when.
import { count } from "../../core/text.js";
import { fullTime } from "../../core/time.js";
import type { JsonObject } from "../../core/types.js";
import { Text } from "../../parts/text.js";

export interface GoingImage {
  digest: string;
  tags?: string[];
  rule: number;
  /** "NONE" with a time: it goes then. */
  action: "EXPIRE" | "TRANSITION" | "NONE";
  /** When its rule's time is over; null: the rule counts images. */
  at?: string | null;
  /** An artifact that goes with the image it is about; AWS's preview leaves it out, too. */
  followsSubject?: boolean;
}

export interface DryRun {
  images: GoingImage[];
  rules: { priority: number; description?: string | null }[];
  expiring: number;
  transitioning?: number;
  policy?: JsonObject | null;
}

const DAY_MILLISECONDS = 86_400_000;
const LEAST_DAYS = 14;
const MOST_TICKS = 200;

/** Whether it is gone at the time that is looked at. */
export function isGone(image: GoingImage): boolean {
  return image.action !== "NONE";
}

/** Where on the bar an image goes: 0 (at once) to 1 (the end of the time looked at). */
export function placeOn(at: string | null | undefined, now: string, days: number): number {
  if (!at) return 0;
  const span = Math.max(days, LEAST_DAYS) * DAY_MILLISECONDS;
  const part = (Date.parse(at) - Date.parse(now)) / span;
  return Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0;
}

export function Bars({ run, now, days }: { run: DryRun; now: string; days: number }) {
  const goneBy = (priority: number): number => run.images.filter((image) => image.rule === priority && isGone(image) && !image.followsSubject).length;
  const most = Math.max(1, ...run.rules.map((rule) => goneBy(rule.priority)));
  return (
    <ul class="bars" aria-label="Rules">
      {run.rules.map((rule) => {
        const mine = run.images.filter((image) => image.rule === rule.priority);
        const gone = goneBy(rule.priority);
        return (
          <li>
            <div class="bar-head">
              <strong>Rule {rule.priority}</strong> <Text>{rule.description ?? ""}</Text>
              <span class="bar-count">{count(gone, "image")}</span>
            </div>
            <div class="bar-track" aria-hidden="true">
              <div class="bar-fill" style={{ width: `${(100 * gone) / most}%` }} />
            </div>
            <div class="bar-time" aria-hidden="true">
              {mine.slice(0, MOST_TICKS).map((image) => (
                <span
                  class="tick"
                  style={{ left: `${100 * placeOn(image.at, now, days)}%` }}
                  title={`${image.tags?.[0] ?? image.digest}: ${image.at ? fullTime(image.at) : "at once"}`}
                />
              ))}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
