// Tabs: arrow keys move between them, as readers of the screen expect.
import type { ComponentChildren } from "preact";

export interface Tab {
  readonly id: string;
  readonly title: string;
}

export function Tabs(props: {
  label: string;
  tabs: readonly Tab[];
  chosen: string;
  choose: (id: string) => void;
  children: ComponentChildren;
}) {
  const { tabs, chosen, choose } = props;
  const move = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    choose(next.id);
    document.getElementById("tab-" + next.id)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={props.label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={"tab-" + tab.id}
            aria-selected={tab.id === chosen}
            aria-controls={tab.id === chosen ? "panel-" + tab.id : undefined}
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => choose(tab.id)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={"panel-" + chosen} aria-labelledby={"tab-" + chosen} class="panel" tabIndex={0}>
        {props.children}
      </div>
    </>
  );
}
