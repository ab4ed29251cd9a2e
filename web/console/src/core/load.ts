// A hook that loads what a screen shows, and loads it again when the server is back.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { epoch, messageOf } from "./api.js";

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

/**
 * `load` runs when `key` changes; the answer to an older key is thrown away. What was shown stays
 * until the new value is there, unless the key says that it is about something else ("topic#…").
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: string; loading: boolean }>({
    key,
    loading: true,
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const stop = new AbortController();
    setState((old) =>
      old.key === key && old.value !== undefined
        ? { key, value: old.value, loading: true }
        : { key, loading: true },
    );
    latest.current(stop.signal).then(
      (value) => {
        if (!stop.signal.aborted) setState({ key, value, loading: false });
      },
      (error: unknown) => {
        if (!stop.signal.aborted) setState({ key, error: messageOf(error), loading: false });
      },
    );
    return () => stop.abort();
  }, [key, turn, epoch.value]);
  const reload = useCallback(() => setTurn((old) => old + 1), []);
  const current = state.key === key;
  return {
    value: current ? state.value : undefined,
    error: current ? state.error : undefined,
    loading: !current || state.loading,
    reload,
  };
}

/** The value after it has not changed for a while: what is typed is not asked about at each key. */
export function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
