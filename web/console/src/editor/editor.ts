// The JSON editor. A chunk of its own, loaded with the first editor that is shown.
//
// CodeMirror makes its styles at run time. Inside a shadow root it hands them over as a style sheet
// object, which the page's Content-Security-Policy permits; elsewhere it would write a <style>.
import { standardKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, linter, type Diagnostic } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { hexOf } from "../core/text.js";
import type { Finding } from "../core/types.js";

export interface EditorOptions {
  readonly text: string;
  readonly label: string;
  readonly readOnly: boolean;
  readonly changed: (text: string) => void;
  readonly check: (text: string) => Promise<readonly Finding[]>;
}

export interface EditorHandle {
  setText(text: string): void;
  setReadOnly(readOnly: boolean): void;
  goTo(line: number, column: number): void;
  checkAgain(): void;
  destroy(): void;
}

// Every colour is one of the page's: custom properties reach into a shadow root.
const THEME = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--ground)", height: "100%", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Menlo, monospace", lineHeight: "1.5" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--soft)", borderRight: "1px solid var(--line)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--mark)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--sunken)", outline: "1px solid var(--strong-line)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--strong-line)" },
  ".cm-specialChar": { color: "var(--warn)", backgroundColor: "var(--warn-ground)", border: "1px solid var(--warn)", borderRadius: "3px", fontSize: "0.75em" },
});

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--accent)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

function positionOf(state: EditorState, line: number, column: number): number {
  const found = state.doc.line(Math.min(Math.max(1, line), state.doc.lines));
  return Math.min(found.to, found.from + Math.max(0, column - 1));
}

function diagnosticOf(state: EditorState, finding: Finding): Diagnostic {
  const from = positionOf(state, finding.line ?? 1, finding.column ?? 1);
  const end = state.doc.lineAt(from).to;
  return { from, to: Math.max(from, end), severity: finding.severity, message: finding.message };
}

export function createEditor(host: HTMLElement, options: EditorOptions): EditorHandle {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const place = document.createElement("div");
  place.style.height = "100%";
  root.replaceChildren(place);
  const readOnly = new Compartment();
  const lint = new Compartment();
  const fixed = (on: boolean) => [EditorState.readOnly.of(on), EditorView.editable.of(!on)];
  const check = () =>
    linter(
      async (view) => {
        const findings = await options.check(view.state.doc.toString());
        return findings.map((finding) => diagnosticOf(view.state, finding));
      },
      { delay: 300 },
    );
  const view = new EditorView({
    root,
    parent: place,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        highlightSpecialChars({
          addSpecialChars: /[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f]/gu,
          render: (code, description) => {
            const shown = document.createElement("span");
            shown.textContent = hexOf(String.fromCodePoint(code));
            shown.title = description ?? "";
            shown.className = "cm-specialChar";
            return shown;
          },
        }),
        history(),
        drawSelection(),
        bracketMatching(),
        EditorView.lineWrapping,
        EditorState.tabSize.of(2),
        json(),
        syntaxHighlighting(COLOURS),
        lintGutter(),
        lint.of(check()),
        // Tab leaves the editor, so that the keyboard is not caught in it.
        keymap.of([...standardKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.changed(update.state.doc.toString());
        }),
        readOnly.of(fixed(options.readOnly)),
        THEME,
      ],
    }),
  });
  return {
    setText(text) {
      if (view.state.doc.toString() === text) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    setReadOnly(on) {
      view.dispatch({ effects: readOnly.reconfigure(fixed(on)) });
    },
    goTo(line, column) {
      const anchor = positionOf(view.state, line, column);
      view.dispatch({ selection: { anchor }, scrollIntoView: true });
      view.focus();
    },
    checkAgain() {
      view.dispatch({ effects: lint.reconfigure(check()) });
    },
    destroy() {
      view.destroy();
    },
  };
}
