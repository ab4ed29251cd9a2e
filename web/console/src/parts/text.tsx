// Text of clients: hidden characters by their number, and long names that may be copied.
import { useState } from "preact/hooks";
import { pieces } from "../core/text.js";

/** Text that a client stored or sent. */
export function Text({ children }: { children: string | null | undefined }) {
  const text = children ?? "";
  const parts = pieces(text);
  if (parts.length === 1 && !parts[0]?.hidden) return <>{text}</>;
  return (
    <>
      {parts.map((part) =>
        part.hidden ? (
          <span class="hidden-character" title="a character that hides or turns text">
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
    </>
  );
}

/** A button that copies a text, and says that it did. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("The browser does not allow it");
    }
    setTimeout(() => setSaid(""), 2000);
  };
  return (
    <button type="button" onClick={copy}>
      <span aria-live="polite">{said === "" ? label : said}</span>
    </button>
  );
}
