import type { Message } from "./envelope";

/** Where messages of a call go, and who hears of it. */
export interface Route {
  /** Origin of the server. */
  url: string;
  /** `null`: there is none yet; it is asked for. */
  token: string | null;
  renewToken?: ((callSid: string) => string | Promise<string>) | undefined;
  onError: (error: Error) => void;
}

/** Messages that wait; beyond that the oldest are dropped. 300 batches are 50 minutes. */
const WAITING_MAX = 300;
const PATIENCE_MS = 15_000;
const DELAY_MIN_MS = 1_000;
const DELAY_MAX_MS = 60_000;
/** Octets that a browser sends for a page that is gone, all requests together: 64 KiB. */
const KEEPALIVE_MAX = 60_000;

type Fate = "sent" | "refused" | { again: number | null };

/** Sends messages one after another, in order, each until the server has answered. A message may
 * arrive twice, when an answer was lost; the server counts it once. */
export class Outbox {
  readonly #callSid: string;
  readonly #waiting: Message[];
  readonly #onChange: (unsent: Message[]) => void;
  #route: Route;
  #token: string | null;
  #dropped = 0;
  #failures = 0;
  #isSending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drained: (() => void)[] = [];

  /** `onChange`: what waits has changed. */
  constructor(
    callSid: string,
    route: Route,
    unsent: Message[],
    onChange: (unsent: Message[]) => void,
  ) {
    this.#callSid = callSid;
    this.#waiting = [...unsent];
    this.#onChange = onChange;
    this.#route = route;
    this.#token = route.token;
  }

  /** Another observation of the call: its token is newer. */
  follow(route: Route): void {
    this.#route = route;
    this.#token = route.token ?? this.#token;
    this.hurry();
  }

  get unsent(): number {
    return this.#waiting.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  push(...messages: Message[]): void {
    this.#waiting.push(...messages);
    const excess = this.#waiting.length - WAITING_MAX;
    if (excess > 0) {
      this.#waiting.splice(0, excess);
      this.#dropped += excess;
    }
    this.#onChange(this.#waiting);
    this.start();
  }

  /** Sends what waits, unless it waits for the server to come back. */
  start(): void {
    if (!this.#isSending && this.#timer === undefined) void this.#send();
  }

  /** The network is back. */
  hurry(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.start();
  }

  /** The page goes: all that fits is sent at once, and nobody waits for the answer. It stays kept. */
  leave(): void {
    let octets = 0;
    for (const message of this.#waiting) {
      octets += JSON.stringify(message.body).length;
      if (octets > KEEPALIVE_MAX || this.#token === null) return;
      this.#post(message, this.#token, true).then(
        (answer) => answer.ok && this.#remove(message),
        () => {},
      );
    }
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    let message: Message | undefined;
    while ((message = this.#waiting[0]) !== undefined) {
      const fate = await this.#deliver(message);
      if (typeof fate === "object") {
        this.#wait(fate.again);
        break;
      }
      this.#failures = 0;
      if (fate === "refused") this.#dropped += 1;
      this.#remove(message);
    }
    this.#isSending = false;
    if (this.#waiting.length === 0) for (const tell of this.#drained.splice(0)) tell();
  }

  #remove(message: Message): void {
    const place = this.#waiting.indexOf(message);
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    this.#onChange(this.#waiting);
  }

  /** Twice as long after each failure, and not all pages at the same moment. */
  #wait(said: number | null): void {
    const growing = Math.min(DELAY_MIN_MS * 2 ** this.#failures, DELAY_MAX_MS);
    const delay = Math.min(said ?? growing * (0.5 + Math.random() / 2), DELAY_MAX_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.hurry(), delay);
  }

  async #deliver(message: Message): Promise<Fate> {
    try {
      let answer = this.#token === null ? null : await this.#post(message, this.#token, false);
      if (answer === null || answer.status === 401 || answer.status === 403) {
        this.#token = (await this.#route.renewToken?.(this.#callSid)) ?? this.#token;
        if (this.#token === null) return { again: DELAY_MAX_MS };
        if (this.#route.renewToken) answer = await this.#post(message, this.#token, false);
      }
      if (answer?.ok) return "sent";
      const status = answer?.status ?? 0;
      if (this.#failures === 0) this.#tell(`the server answered ${status} to ${message.path}`);
      const isForNow = [401, 403, 408, 429].includes(status) || status >= 500;
      return isForNow ? { again: retryAfter(answer) } : "refused";
    } catch (error) {
      if (this.#failures === 0) this.#tell(`${message.path} could not be sent: ${String(error)}`);
      return { again: null };
    }
  }

  #post(message: Message, token: string, keepalive: boolean): Promise<Response> {
    return fetch(this.#route.url + message.path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Twilio-Token": token },
      body: JSON.stringify(message.body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      ...(keepalive ? { keepalive } : { signal: AbortSignal.timeout(PATIENCE_MS) }),
    });
  }

  #tell(what: string): void {
    this.#route.onError(new Error(`sidetone: ${what}`));
  }
}

/** Milliseconds; `null` when it is not said in seconds. */
function retryAfter(answer: Response | null): number | null {
  const said = answer?.headers.get("Retry-After") ?? "";
  return /^\d{1,6}$/.test(said) ? Number(said) * 1000 : null;
}
