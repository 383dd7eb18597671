import { type Failure, serverOf } from "../shared/client";
import { together } from "../shared/dom";
import { languageOf } from "../shared/language";
import { Memory } from "./memory";
import { type Asked, milliseconds, type Rules, skipped } from "./prompt";
import { type Listener, Queue, type Rating } from "./queue";
import { STYLES } from "./styles";
import { type Choice, View } from "./view";
import type { Issue } from "./words";

const SCRIPT = import.meta.url;
/** A choice that nobody sends is sent after so long: it was meant. */
const HOLD_MS = 10_000;

const asked = new Memory<Asked | null>("sidetone.rate.asked", null);
const queue = new Queue();

/**
 * `<sidetone-rate call-sid token url? account-sid? lang? sample? throttle? duration? min-duration?>`:
 * what a caller thinks of a call, 1 to 5.
 *
 * Events, which leave the shadow tree: `sidetone-rated` with `{callSid, score, issues}` when somebody
 * has rated, `sidetone-saved` with the same when the server has it, `sidetone-skipped` with
 * `{callSid, reason}` when nobody is asked, `sidetone-error` with a {@link Failure}.
 */
export class SidetoneRate extends HTMLElement {
  static readonly observedAttributes = ["call-sid", "token", "lang"];

  /** Gives a token for a call whose rating could not be sent before the old one expired. */
  renewToken: ((callSid: string) => string | Promise<string>) | null = null;

  #view: View | null = null;
  #callSid = "";
  /** Several attributes that change together are one change. */
  readonly #plan = together(() => {
    if (this.isConnected) this.#update();
  });
  /** Whether the question is closed: a choice that was only kept closes nothing. */
  #isSent = false;
  readonly #listener: Listener = {
    saved: (rating) => this.#saved(rating),
    failed: (failure) => this.#failed(failure),
    renewToken: (callSid) => this.#tokenOf(callSid),
  };

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [STYLES];
  }

  connectedCallback(): void {
    queue.join(this.#listener);
    this.#plan();
  }

  disconnectedCallback(): void {
    this.#release();
    queue.part(this.#listener);
    this.#close();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.isConnected) return;
    if (name === "lang") this.#close();
    this.#plan();
  }

  #update(): void {
    const callSid = this.getAttribute("call-sid") ?? "";
    if (callSid !== this.#callSid) {
      this.#release();
      this.#close();
      this.#callSid = callSid;
    }
    // A new token may be what an old rating waits for.
    void queue.send();
    if (this.#view || !callSid || !this.getAttribute("token")) return;
    const now = Date.now();
    const before = asked.get();
    if (!this.#account()) {
      const message = "the token names no account, and account-sid is missing";
      this.#failed({ callSid, reason: "refused", status: 0, code: null, message });
      return;
    }
    const reason = skipped(this.#rules(), callSid, this.#number("duration"), before, now);
    if (reason) {
      this.#emit("sidetone-skipped", { callSid, reason });
      return;
    }
    if (before?.callSid !== callSid)
      asked.set({ callSid, at: now, ended: null, refusals: before?.refusals ?? 0 });
    this.#open(callSid);
  }

  #open(callSid: string): void {
    const view = new View(languageOf(this), {
      choose: (choice) => {
        this.#isSent = false;
        this.#put(choice, HOLD_MS);
      },
      send: (choice) => this.#send(choice),
      dismiss: () => this.#dismiss(),
    });
    this.#view = view;
    this.shadowRoot?.replaceChildren(view.root);
    const kept = queue.find(callSid);
    if (kept) view.show({ score: kept.score, issues: kept.issues as Issue[] });
  }

  #close(): void {
    this.#view = null;
    this.shadowRoot?.replaceChildren();
  }

  #send(choice: Choice): void {
    this.#put(choice, 0);
    this.#end("rated");
    this.#isSent = true;
    this.#view?.thank(false, queue.waiting.length);
    this.#emit("sidetone-rated", { callSid: this.#callSid, ...choice });
  }

  #dismiss(): void {
    this.#end("dismissed");
    this.#close();
    this.#emit("sidetone-skipped", { callSid: this.#callSid, reason: "dismissed" });
  }

  #put({ score, issues }: Choice, holdMs: number): void {
    const at = Date.now();
    const token = this.getAttribute("token") ?? "";
    const [account, call] = [this.#account(), this.#callSid].map(encodeURIComponent);
    const path = `/2010-04-01/Accounts/${account}/Calls/${call}/Feedback.json`;
    const url = serverOf(this, SCRIPT) + path;
    queue.put({ callSid: this.#callSid, url, token, score, issues, at, notBefore: at + holdMs });
  }

  /** What was chosen and not sent is sent now: somebody went on without the button. */
  #release(): void {
    const rating = queue.find(this.#callSid);
    if (!rating || rating.notBefore <= Date.now()) return;
    queue.put({ ...rating, notBefore: 0 });
    this.#end("rated");
  }

  #end(ended: "rated" | "dismissed"): void {
    const before = asked.get();
    const refusals = ended === "rated" ? 0 : (before?.refusals ?? 0) + 1;
    asked.set({ callSid: this.#callSid, at: Date.now(), ended, refusals });
  }

  #saved({ callSid, score, issues }: Rating): void {
    if (callSid === this.#callSid) {
      this.#end("rated");
      if (this.#isSent) this.#view?.thank(true, 0);
    }
    this.#emit("sidetone-saved", { callSid, score, issues });
  }

  #failed(failure: Failure): void {
    const isMine = failure.callSid === this.#callSid && this.#isSent;
    if (isMine && failure.reason === "refused") this.#view?.refuse();
    this.#emit("sidetone-error", failure);
  }

  /** The page's newest token for this call, else what it gives when it is asked. */
  async #tokenOf(callSid: string): Promise<string | null> {
    const kept = queue.find(callSid)?.token;
    const token = callSid === this.#callSid ? this.getAttribute("token") : null;
    if (token && token !== kept) return token;
    return (await this.renewToken?.(callSid)) ?? null;
  }

  #account(): string {
    return this.getAttribute("account-sid") ?? subjectOf(this.getAttribute("token") ?? "");
  }

  #rules(): Rules {
    return {
      sample: this.#number("sample") ?? 1,
      throttleMs: milliseconds(this.getAttribute("throttle")),
      minDuration: this.#number("min-duration") ?? 0,
    };
  }

  #number(attribute: string): number | null {
    const text = this.getAttribute(attribute)?.trim();
    const value = Number(text);
    return text && Number.isFinite(value) ? value : null;
  }

  #emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** The account that a token is of. It is not verified here: the server does. */
function subjectOf(token: string): string {
  try {
    const claims = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    return String((JSON.parse(atob(claims)) as { sub?: unknown }).sub ?? "");
  } catch {
    return "";
  }
}
