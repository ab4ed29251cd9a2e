// Which screen is shown: the fragment of the address, "#/denied/<id>". A fragment reaches no server.
import { signal } from "@preact/signals";

export interface Route {
  readonly screen: string;
  readonly rest: readonly string[];
}

export function parse(fragment: string): Route {
  const parts = fragment.replace(/^#\/?/, "").split("/").filter((part) => part !== "");
  const decoded = parts.map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { screen: decoded[0] ?? "denied", rest: decoded.slice(1) };
}

/** The address of a screen; each part may have any characters. */
export function to(...parts: string[]): string {
  return "#/" + parts.map((part) => encodeURIComponent(part).replaceAll("%3A", ":")).join("/");
}

export const route = signal<Route>(parse(location.hash));

export function go(...parts: string[]): void {
  location.hash = to(...parts);
}

/** Changes the address without an entry of the browser's history. */
export function replace(...parts: string[]): void {
  history.replaceState(null, "", to(...parts));
  route.value = parse(location.hash);
}

addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});
