// A list box that draws only the rows in sight, so that its length costs nothing. One tab stop; arrow
// keys, Page Up and Down, Home and End move, and the row that they reach is chosen at once.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const MARGIN_ROWS = 6;

export interface VirtualListProps<T> {
  readonly items: readonly T[];
  readonly rowHeight: number;
  readonly label: string;
  readonly keyOf: (item: T) => string;
  readonly chosen: string | undefined;
  readonly choose: (item: T) => void;
  /** A click, Enter or Space on a row; without it, to choose a row is all there is. */
  readonly activate?: (item: T) => void;
  readonly row: (item: T) => ComponentChildren;
  readonly rowClass?: (item: T) => string;
  /** Called when the end of the list comes into sight. */
  readonly atEnd?: () => void;
  readonly id: string;
}

export function VirtualList<T>(props: VirtualListProps<T>) {
  const { items, rowHeight, keyOf, chosen, choose, id } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const first = Math.max(0, Math.floor(top / rowHeight) - MARGIN_ROWS);
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + MARGIN_ROWS);
  useEffect(() => {
    if (last === items.length && items.length > 0) props.atEnd?.();
  }, [last, items.length]);

  const chosenAt = chosen === undefined ? -1 : items.findIndex((item) => keyOf(item) === chosen);
  const reveal = (index: number): void => {
    const element = box.current;
    if (!element) return;
    const start = index * rowHeight;
    if (start < element.scrollTop) element.scrollTop = start;
    else if (start + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = start + rowHeight - element.clientHeight;
    }
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: chosenAt + 1,
      ArrowUp: chosenAt < 0 ? 0 : chosenAt - 1,
      PageDown: chosenAt + page,
      PageUp: chosenAt - page,
      Home: 0,
      End: items.length - 1,
    };
    const now = items[chosenAt];
    if ((event.key === "Enter" || event.key === " ") && props.activate && now !== undefined) {
      event.preventDefault();
      props.activate(now);
      return;
    }
    const wanted = moves[event.key];
    if (wanted === undefined || items.length === 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const index = Math.min(items.length - 1, Math.max(0, wanted));
    const item = items[index];
    if (item !== undefined) {
      choose(item);
      reveal(index);
    }
  };

  return (
    <div
      ref={box}
      class="virtual"
      role="listbox"
      tabIndex={0}
      aria-label={props.label}
      aria-activedescendant={chosenAt >= first && chosenAt < last ? `${id}-${chosenAt}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div class="virtual-space" role="presentation" style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, last).map((item, offset) => {
          const index = first + offset;
          const key = keyOf(item);
          return (
            <div
              key={key}
              id={`${id}-${index}`}
              role="option"
              aria-selected={key === chosen}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              class={"virtual-row " + (props.rowClass?.(item) ?? "")}
              style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
              onClick={() => {
                choose(item);
                props.activate?.(item);
              }}
            >
              {props.row(item)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
