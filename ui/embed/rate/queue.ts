import { ask, failure, type Failure, isOk } from "../shared/client";
import { Memory } from "./memory";

/** A rating that the server does not have yet. */
export interface Rating {
  callSid: string;
  /** Where it goes. */
  url: string;
  /** For this call, and for rating alone. */
  token: string;
  score: number;
  issues: string[];
  /** When it was given. */
  at: number;
  /** Before this it may still change. */
  notBefore: number;
}

/** Who hears of ratings, and has tokens. */
export interface Listener {
  saved: (rating: Rating) => void;
  failed: (failure: Failure) => void;
  renewToken: (callSid: string) => Promise<string | null>;
}

const WAITING_MAX = 100;
const DAY_MS = 864e5;
/** A call that the server does not know by then will not come. */
const UNKNOWN_MAX_MS = DAY_MS;
const AGE_MAX_MS = 30 * DAY_MS;
const DELAY_MIN_MS = 2_000;
const DELAY_MAX_MS = 300_000;

/** Ratings that wait to be sent, of all pages of this origin: one a call. */
export class Queue {
  readonly #memory = new Memory<Rating[]>("sidetone.rate.queue", []);
  readonly #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isSending = false;

  constructor() {
    addEventListener("online", () => void this.send());
    addEventListener("pagehide", () => this.#leave());
  }

  join(listener: Listener): void {
    this.#listeners.add(listener);
  }

  part(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  get waiting(): readonly Rating[] {
    return this.#memory.get();
  }

  find(callSid: string): Rating | undefined {
    return this.waiting.find((rating) => rating.callSid === callSid);
  }

  /** Keeps a rating, in place of an earlier one of the same call. */
  put(rating: Rating): void {
    const others = this.waiting.filter((one) => one.url !== rating.url);
    const kept = [...others, rating];
    for (const lost of kept.splice(0, kept.length - WAITING_MAX)) this.#lost(lost);
    this.#memory.set(kept);
    this.#wake(rating.notBefore - Date.now());
  }

  /** Sends what may be sent. What cannot be is tried again, later and later. */
  async send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    clearTimeout(this.#timer);
    let failed = false;
    for (const rating of this.waiting) {
      if (rating.notBefore <= Date.now()) failed = !(await this.#deliver(rating)) || failed;
    }
    this.#isSending = false;
    this.#failures = failed ? this.#failures + 1 : 0;
    const left = this.waiting.map(({ notBefore }) => notBefore - Date.now());
    const growing = Math.min(DELAY_MIN_MS * 2 ** (this.#failures - 1), DELAY_MAX_MS);
    if (left.length > 0) this.#wake(failed ? growing : Math.min(...left));
  }

  #wake(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.send(), Math.max(ms, 0));
  }

  /** Whether it need not wait any more. */
  async #deliver(rating: Rating): Promise<boolean> {
    const request = { form: formOf(rating) };
    let answer = await ask(rating.url, rating.token, request);
    if (answer.status === 401 || answer.status === 403) {
      const token = await this.#newToken(rating.callSid);
      if (token !== null) answer = await ask(rating.url, token, request);
    }
    if (isOk(answer)) {
      this.#remove(rating);
      this.#first()?.saved(rating);
      return true;
    }
    const told = failure(rating.callSid, answer);
    const age = Date.now() - rating.at;
    const isOver = told.reason === "unknown-call" ? age > UNKNOWN_MAX_MS : age > AGE_MAX_MS;
    if (told.reason === "refused" || isOver) {
      this.#remove(rating);
      this.#first()?.failed(isOver ? { ...told, reason: "lost" } : told);
      return true;
    }
    if (this.#failures === 0) this.#first()?.failed(told);
    return false;
  }

  async #newToken(callSid: string): Promise<string | null> {
    for (const { renewToken } of this.#listeners) {
      try {
        const token = await renewToken(callSid);
        if (token) return token;
      } catch {
        // Another may have one.
      }
    }
    return null;
  }

  /** Unless it was changed while it was sent. */
  #remove({ url, at }: Rating): void {
    this.#memory.set(this.waiting.filter((one) => one.url !== url || one.at !== at));
  }

  /** The page goes: what was still held goes too. It stays kept until an answer is seen. */
  #leave(): void {
    const released = this.waiting.map((rating) => ({ ...rating, notBefore: 0 }));
    if (released.length > 0) this.#memory.set(released);
    for (const rating of released)
      void ask(rating.url, rating.token, { form: formOf(rating), keepalive: true }).then(
        (answer) => isOk(answer) && this.#remove(rating),
      );
  }

  #lost({ callSid }: Rating): void {
    const message = "too many ratings wait";
    this.#first()?.failed({ callSid, reason: "lost", status: 0, code: null, message });
  }

  #first(): Listener | undefined {
    return [...this.#listeners][0];
  }
}

function formOf({ score, issues }: Rating): URLSearchParams {
  const form = new URLSearchParams({ QualityScore: String(score) });
  // One that is empty takes back what was said before.
  for (const issue of issues.length > 0 ? issues : [""]) form.append("Issue", issue);
  return form;
}
