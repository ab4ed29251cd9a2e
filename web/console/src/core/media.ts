// Whether the window is wide enough for lines with many columns.
import { signal } from "@preact/signals";

const wideQuery = matchMedia("(min-width: 60rem)");
export const isWide = signal(wideQuery.matches);
wideQuery.addEventListener("change", () => {
  isWide.value = wideQuery.matches;
});
