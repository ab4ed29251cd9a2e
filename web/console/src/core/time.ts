// Times as people read them, in their own time zone.

export function clockTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : date.toLocaleTimeString("en-GB");
}

export function fullTime(iso: string | null | undefined): string {
  if (!iso) return "never";
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

const STEPS: readonly (readonly [number, string])[] = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** "3 d", "5 min": the largest unit of a length of time. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  for (const [step, name] of STEPS) {
    if (size >= step) return `${Math.round(size / step)} ${name}`;
  }
  return "0 s";
}
