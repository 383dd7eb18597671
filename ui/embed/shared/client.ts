/** What the server answered. */
export interface Answer {
  /** 0: it could not be reached. */
  status: number;
  body: Record<string, unknown>;
  etag: string | null;
}

/** What is told of a request that failed: the event `sidetone-error`. */
export interface Failure {
  callSid: string;
  reason: "token" | "unknown-call" | "refused" | "busy" | "unreachable" | "conflict" | "lost";
  status: number;
  /** The server's error code, and its words. */
  code: number | null;
  message: string;
}

const PATIENCE_MS = 15_000;

export interface Request {
  /** Sent by POST; without one it is a GET. */
  form?: URLSearchParams;
  headers?: Record<string, string>;
  /** The page may be gone before the answer comes. */
  keepalive?: boolean;
}

/** Asks the server. Never throws. */
export async function ask(
  url: string,
  token: string,
  { form, headers = {}, keepalive = false }: Request = {},
): Promise<Answer> {
  try {
    const answer = await fetch(url, {
      method: form ? "POST" : "GET",
      headers: { Authorization: `Bearer ${token}`, ...headers },
      body: form ?? null,
      keepalive,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body = (await answer.json().catch(() => null)) as Answer["body"] | null;
    return { status: answer.status, body: body ?? {}, etag: answer.headers.get("ETag") };
  } catch (error) {
    return { status: 0, body: { message: String(error) }, etag: null };
  }
}

export function isOk(answer: Answer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

/** Why it failed, in a word. */
export function failure(callSid: string, { status, body }: Answer): Failure {
  return {
    callSid,
    reason: reason(status),
    status,
    code: typeof body.code === "number" ? body.code : null,
    message: typeof body.message === "string" ? body.message : `HTTP ${status}`,
  };
}

function reason(status: number): Failure["reason"] {
  if (status === 0 || status >= 500) return "unreachable";
  if (status === 401 || status === 403) return "token";
  if (status === 404) return "unknown-call";
  if (status === 408 || status === 429) return "busy";
  return status === 412 ? "conflict" : "refused";
}

/** Where the server is: as the page says, else where the script came from. */
export function serverOf(element: Element, script: string): string {
  const origin = element.getAttribute("url") ?? new URL(script).origin;
  return origin.replace(/\/+$/, "");
}
