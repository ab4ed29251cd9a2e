// What stands where a list or a detail is not there yet, or will not be.
import type { ComponentChildren } from "preact";
import { Text } from "./text.js";

export function Loading({ what }: { what: string }) {
  return (
    <p class="note" role="status">
      Loading {what} …
    </p>
  );
}

export function Failure({ message, retry }: { message: string; retry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>
        <Text>{message}</Text>
      </p>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}
