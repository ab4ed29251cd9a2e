// Requests to the server that the page came from: one place for errors, for the header that changes
// need, and for a server that is slow or gone.
import { signal } from "@preact/signals";

const ROOT = "/_ecr-local/";
const SLOW_MILLISECONDS = 3000;
const RETRY_MILLISECONDS = 1000;

/** What the server answered instead of what was asked for. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export type Connection = "ready" | "slow" | "lost";
/** How the server answers at the moment; the shell shows it. */
export const connection = signal<Connection>("ready");
/** Grows when the server is back, so that what is shown is loaded again. */
export const epoch = signal(0);
/** True once an answer said that the caller has to sign in. */
export const signedOut = signal(false);

let waiting = 0;
let retrying = false;

function markLost(): void {
  connection.value = "lost";
  if (retrying) return;
  retrying = true;
  const probe = async (): Promise<void> => {
    try {
      const answer = await fetch(ROOT + "health", { cache: "no-store" });
      if (answer.ok) {
        retrying = false;
        connection.value = "ready";
        epoch.value += 1;
        return;
      }
    } catch {
      // Still away: asked again below.
    }
    setTimeout(probe, RETRY_MILLISECONDS);
  };
  setTimeout(probe, RETRY_MILLISECONDS);
}

/**
 * fetch() below the server's own paths; rejects with ApiFailure, or as fetch does when aborted.
 * `patient`: an answer that begins late is not said to be slow, as of a stream of what happens.
 */
export async function send(path: string, options: RequestInit = {}, patient = false): Promise<Response> {
  let counted = false;
  const timer = setTimeout(() => {
    if (patient) return;
    counted = true;
    waiting += 1;
    if (connection.value === "ready") connection.value = "slow";
  }, SLOW_MILLISECONDS);
  let answer: Response;
  try {
    answer = await fetch(ROOT + path, { cache: "no-store", credentials: "same-origin", ...options });
  } catch (error) {
    if (!options.signal?.aborted) markLost();
    throw options.signal?.aborted ? error : new ApiFailure(0, "The server does not answer.");
  } finally {
    clearTimeout(timer);
    if (counted) waiting -= 1;
    if (waiting === 0 && connection.value === "slow") connection.value = "ready";
  }
  if (answer.ok) return answer;
  throw new ApiFailure(answer.status, await failureText(answer));
}

async function failureText(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const body: unknown = JSON.parse(text);
    if (body !== null && typeof body === "object" && "message" in body) return String(body.message);
  } catch {
    // Not JSON: the text itself says it.
  }
  return text.trim().slice(0, 500) || `The server answered ${answer.status}.`;
}

export type Parameters = Record<string, string | number | boolean | undefined>;

export function query(parameters: Parameters): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") given.set(name, String(value));
  }
  const text = given.toString();
  return text === "" ? "" : "?" + text;
}

export async function get<T>(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
  const answer = await send(path + query(parameters), signal ? { signal } : {});
  return (await answer.json()) as T;
}

/** A request with a body. Its header of its own keeps other sites' pages from making it. */
export async function post<T>(
  path: string,
  body: unknown,
  options: { method?: string; signal?: AbortSignal } = {},
): Promise<T> {
  const answer = await send(path, {
    method: options.method ?? "POST",
    headers: { "Content-Type": "application/json", "X-Ecr-Local-Console": "1" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const text = await answer.text();
  return (text === "" ? {} : JSON.parse(text)) as T;
}

/** The text of a failure, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isMissing(error: unknown): boolean {
  return error instanceof ApiFailure && error.status === 404;
}
