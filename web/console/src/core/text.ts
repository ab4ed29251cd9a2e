// Text that clients stored is hostile: characters that hide or turn other text are shown by their
// number. Everything else about it is harmless, because the page writes text and never markup.

// Control characters, soft hyphen, zero-width and joining characters, marks and overrides of the
// writing direction, line separators, the byte order mark, and tags.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

export function hexOf(character: string): string {
  return "U+" + (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

export interface Piece {
  readonly text: string;
  readonly hidden: boolean;
}

/** The text in pieces; a hidden character is a piece of its own, by its number. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > at) found.push({ text: text.slice(at, match.index), hidden: false });
    found.push({ text: hexOf(match[0]), hidden: true });
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ text: text.slice(at), hidden: false });
  return found;
}

/** The text with hidden characters by their number, for labels and titles. */
export function plain(text: string): string {
  return text.replace(HIDDEN, (character) => `[${hexOf(character)}]`);
}

/** "1.4 MB": decimal units, as docker shows sizes. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function milliseconds(micros: number): string {
  const value = micros / 1000;
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

export function count(number: number, one: string, many = one + "s"): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}

/** What is read first of an ARN: "user/jane", "assumed-role/ci/job-1", "repository/app". */
export function shortArn(arn: string | null): string {
  if (arn === null || arn === "") return "anonymous";
  if (!arn.startsWith("arn:")) return arn;
  return arn.split(":").slice(5).join(":") || arn;
}

/** The account of an ARN; empty where it has none. */
export function accountOf(arn: string): string {
  return arn.startsWith("arn:") ? (arn.split(":")[4] ?? "") : "";
}

/** The name of the repository of an ARN, or the end of the ARN. */
export function repositoryOf(arn: string): string {
  return shortArn(arn).replace(/^repository\//, "");
}
