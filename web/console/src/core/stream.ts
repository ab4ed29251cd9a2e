// A live stream of the server (server-sent events), read by fetch: EventSource cannot be stopped
// between two events, and says nothing of the status of a refusal.
import { ApiFailure, query, send, type Parameters } from "./api.js";

const RETRY_MILLISECONDS = 1000;

export interface Entry {
  readonly sequence: number;
}

/** The values of the `data:` lines in `text`, and what is left of an unfinished line. */
export function takeEvents(text: string): { events: string[]; rest: string } {
  const lines = text.split("\n");
  const rest = lines.pop() ?? "";
  const events = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
  return { events, rest };
}

/**
 * Reads `path?follow=true` until `stop` is aborted, and goes on where it was after a lost connection.
 * `arrived` gets the entries in their order, many at a time where many come. `refused` is called once
 * when the server refuses the stream; then it ends.
 */
export async function follow<T extends Entry>(
  path: string,
  parameters: Parameters,
  after: number | undefined,
  stop: AbortSignal,
  arrived: (entries: T[]) => void,
  refused: (failure: ApiFailure) => void = () => undefined,
): Promise<void> {
  let last = after;
  while (!stop.aborted) {
    try {
      const answer = await send(path + query({ ...parameters, follow: true, after: last }), { signal: stop }, true);
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const taken = takeEvents(rest + decoder.decode(value, { stream: true }));
        rest = taken.rest;
        if (taken.events.length === 0) continue;
        const entries = taken.events.map((event) => JSON.parse(event) as T);
        last = entries[entries.length - 1]?.sequence ?? last;
        arrived(entries);
      }
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof ApiFailure && error.status !== 0 && error.status < 500) {
        refused(error);
        return;
      }
    }
    await new Promise((done) => setTimeout(done, RETRY_MILLISECONDS));
  }
}
