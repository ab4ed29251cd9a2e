// The editor as a part of a page; it is loaded when it is first shown.
import { useEffect, useRef, useState } from "preact/hooks";
import type { EditorHandle } from "../editor/editor.js";
import type { Finding } from "../core/types.js";
import { Failure, Loading } from "./state.js";

export function JsonEditor(props: {
  /** Another value puts the text in place of what is there. */
  text: string;
  label: string;
  readOnly?: boolean;
  changed: (text: string) => void;
  check: (text: string) => Promise<readonly Finding[]>;
  /** The place to go to; a new object goes there again. */
  goTo?: { line: number; column: number } | undefined;
}) {
  const host = useRef<HTMLDivElement>(null);
  const handle = useRef<EditorHandle>();
  const latest = useRef(props);
  latest.current = props;
  const [state, setState] = useState<"loading" | "ready" | "failed">("loading");

  useEffect(() => {
    let gone = false;
    import("../editor/editor.js").then(
      ({ createEditor }) => {
        if (gone || !host.current) return;
        handle.current = createEditor(host.current, {
          text: latest.current.text,
          label: latest.current.label,
          readOnly: latest.current.readOnly ?? false,
          changed: (text) => latest.current.changed(text),
          check: (text) => latest.current.check(text),
        });
        setState("ready");
      },
      () => setState("failed"),
    );
    return () => {
      gone = true;
      handle.current?.destroy();
      handle.current = undefined;
    };
  }, []);
  useEffect(() => handle.current?.setText(props.text), [props.text]);
  useEffect(() => handle.current?.setReadOnly(props.readOnly ?? false), [props.readOnly]);
  useEffect(() => {
    if (props.goTo) handle.current?.goTo(props.goTo.line, props.goTo.column);
  }, [props.goTo]);

  return (
    <div class="editor-frame">
      {state === "loading" && <Loading what="the editor" />}
      {state === "failed" && <Failure message="The editor could not be loaded." />}
      <div ref={host} class="editor-host" data-ready={state === "ready"} />
    </div>
  );
}
