// Requests to the API, and what became of them.

import { signal } from "@preact/signals";

/** An error as the API tells it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: number | null,
    message: string,
    readonly parameter: string | null,
    readonly moreInfo: string | null,
    readonly retryAfter: number | null,
  ) {
    super(message);
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

/** Whether the server answered the last time that it was asked. */
export const reachable = signal(true);
/** Grows when the server is back: what is shown is read again. */
export const returns = signal(0);
/** Told with each change (`X-Sidetone-CSRF`). */
let csrf = "";
let onSignedOut = () => {};

export function useCsrf(token: string): void {
  csrf = token;
}
export function whenSignedOut(then: () => void): void {
  onSignedOut = then;
}

export interface Ask {
  method?: "GET" | "POST" | "DELETE";
  query?: URLSearchParams;
  /** Sent as a form, as the API's writes are. */
  form?: URLSearchParams;
  json?: unknown;
  body?: string;
  contentType?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** A 401 is an answer here, and no end of a session. */
  isSignIn?: boolean;
}

export async function ask(path: string, how: Ask = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...how.headers };
  const method = how.method ?? "GET";
  if (method !== "GET") headers["X-Sidetone-CSRF"] = csrf;
  let body: BodyInit | undefined;
  if (how.form) body = how.form;
  else if (how.json !== undefined) [body, headers["Content-Type"]] = [JSON.stringify(how.json), "application/json"];
  else if (how.body !== undefined) [body, headers["Content-Type"]] = [how.body, how.contentType ?? "text/plain"];
  const query = how.query?.toString();
  let response: Response;
  try {
    response = await fetch(query ? `${path}?${query}` : path, { method, headers, body, signal: how.signal, credentials: "same-origin" });
  } catch (error) {
    if (how.signal?.aborted) throw error;
    lost();
    throw new Unreachable("The server does not answer.");
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && !how.isSignIn) onSignedOut();
  throw problem;
}

export async function get<T>(path: string, query?: URLSearchParams, signal?: AbortSignal): Promise<T> {
  return (await (await ask(path, { query, signal })).json()) as T;
}

async function problemOf(response: Response): Promise<Error> {
  const text = await response.text().catch(() => "");
  const wait = Number(response.headers.get("Retry-After"));
  try {
    const told = JSON.parse(text) as { code?: number; message?: string; more_info?: string; details?: { parameter?: string } };
    return new ApiError(
      response.status, told.code ?? null, told.message ?? response.statusText,
      told.details?.parameter ?? null, told.more_info ?? null, Number.isFinite(wait) && wait > 0 ? wait : null,
    );
  } catch {
    // Not the API: a proxy before a server that is gone.
    if ([502, 503, 504].includes(response.status)) {
      lost();
      return new Unreachable("The server does not answer.");
    }
    return new ApiError(response.status, null, `The server answered ${response.status}.`, null, null, null);
  }
}

function lost(): void {
  if (!reachable.value) return;
  reachable.value = false;
  void waitForServer();
}

async function waitForServer(): Promise<void> {
  for (let wait = 1000; !reachable.value; wait = Math.min(wait * 1.5, 5000)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
    if (answer?.ok) {
      reachable.value = true;
      returns.value++;
    }
  }
}

/** How an error is told to people. */
export function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
