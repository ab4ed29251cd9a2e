// A question before something that cannot be undone, and a drawer for details. Both are the browser's
// own dialogs: they keep the focus inside, end by Escape and give the focus back.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Dialog(props: {
  title: string;
  drawer?: boolean;
  close: () => void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (!dialog) return undefined;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={props.drawer ? "drawer" : "question"}
      aria-label={props.title}
      onCancel={(event) => {
        event.preventDefault();
        props.close();
      }}
      onClick={(event) => {
        if (event.target === element.current) props.close();
      }}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2>{props.title}</h2>
          <button type="button" class="plain" aria-label="Close" onClick={props.close}>
            ✕
          </button>
        </div>
        {props.children}
      </div>
    </dialog>
  );
}

export function Question(props: {
  title: string;
  action: string;
  carryOut: () => void;
  close: () => void;
  children: ComponentChildren;
}) {
  return (
    <Dialog title={props.title} close={props.close}>
      {props.children}
      <div class="buttons">
        <button type="button" class="danger" onClick={props.carryOut}>
          {props.action}
        </button>
        <button type="button" onClick={props.close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
