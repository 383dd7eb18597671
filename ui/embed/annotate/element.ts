import { type Answer, ask, failure, type Failure, isOk, type Request, serverOf } from "../shared/client";
import { together } from "../shared/dom";
import { languageOf } from "../shared/language";
import {
  type Annotation,
  annotationOf,
  type Changes,
  changes,
  clashes,
  type Field,
  form,
} from "./fields";
import { STYLES } from "./styles";
import { View } from "./view";

const SCRIPT = import.meta.url;

/** The call that the panel is about. The page may already have set the attributes of the next one. */
interface Subject {
  callSid: string;
  url: string;
  token: string;
}

/** What was there when it was loaded, and its version. */
interface Loaded {
  subject: Subject;
  said: Annotation;
  etag: string | null;
}

/**
 * `<sidetone-annotate call-sid token url? lang?>`: what an agent says of a call.
 *
 * Events, which leave the shadow tree: `sidetone-saved` with `{callSid, changed, annotation}`,
 * `sidetone-error` with a {@link Failure}. What is not saved when the panel goes to another call, or
 * away, is saved then.
 */
export class SidetoneAnnotate extends HTMLElement {
  static readonly observedAttributes = ["call-sid", "token", "url", "lang"];

  /** Gives a new token when one has expired. */
  renewToken: ((callSid: string) => string | Promise<string>) | null = null;

  #view: View | null = null;
  #subject: Subject | null = null;
  #loaded: Loaded | null = null;
  /** Several attributes that change together are one change. */
  readonly #plan = together(() => {
    if (this.isConnected) this.#update();
  });
  #failed: "load" | "save" | null = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [STYLES];
  }

  connectedCallback(): void {
    addEventListener("pagehide", this.#saveLast);
    this.#plan();
  }

  disconnectedCallback(): void {
    removeEventListener("pagehide", this.#saveLast);
    this.#saveLast();
    this.#subject = this.#loaded = this.#view = null;
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.isConnected) return;
    if (name === "lang" && !this.hasChanges) this.#view = null;
    this.#plan();
  }

  /** Whether there is something that is not saved. */
  get hasChanges(): boolean {
    return Object.keys(this.#pending()).length > 0;
  }

  /** Saves what has changed. Tells whether everything is saved. */
  async save(): Promise<boolean> {
    const view = this.#view;
    if (!view || view.isWaiting) return false;
    if (!this.#loaded) {
      await this.#load();
      return false;
    }
    view.settle();
    if (view.isTooLong()) {
      view.say(view.words.tooLong, true);
      return false;
    }
    if (!this.hasChanges) {
      view.say(view.words.nothing);
      return true;
    }
    return this.#save(view, this.#loaded, []);
  }

  #update(): void {
    const callSid = this.getAttribute("call-sid") ?? "";
    const token = this.getAttribute("token") ?? "";
    const url = `${serverOf(this, SCRIPT)}/v1/Voice/${encodeURIComponent(callSid)}/Annotation`;
    const isOther = this.#subject?.url !== url;
    if (isOther) this.#saveLast();
    if (isOther || !this.#view) {
      const edit = () => this.#view?.say("");
      this.#view = new View(languageOf(this), () => void this.save(), edit);
      this.shadowRoot?.replaceChildren(this.#view.form);
      this.#loaded = null;
      this.#subject = { callSid, url, token };
    }
    if (this.#subject) this.#subject.token = token;
    // A new token is for what the old one could not do.
    if (!this.#loaded) void this.#load();
    else if (this.#failed === "save") void this.save();
  }

  /** Saves what is left of a call that goes; nobody is there any more to be asked, so these fields
   * are changed whoever was faster. */
  readonly #saveLast = (): void => {
    const said = this.#pending();
    const loaded = this.#loaded;
    if (!loaded || this.#view?.isTooLong() || Object.keys(said).length === 0) return;
    const { callSid } = loaded.subject;
    void this.#ask(loaded.subject, { form: form(said), keepalive: true }).then((answer) => {
      if (isOk(answer)) this.#saved(callSid, said, annotationOf(answer.body));
      else this.#fail({ ...failure(callSid, answer), reason: "lost" });
    });
  };

  #pending(): Changes {
    return this.#loaded && this.#view ? changes(this.#loaded.said, this.#view.read()) : {};
  }

  async #load(): Promise<void> {
    const view = this.#view;
    const subject = this.#subject;
    if (!view || !subject?.callSid || !subject.token) return;
    view.say(view.words.loading);
    view.wait(true);
    const answer = await this.#ask(subject);
    if (view !== this.#view || subject !== this.#subject) return;
    view.wait(false);
    if (!isOk(answer)) {
      this.#tell(view, failure(subject.callSid, answer), "load");
      return;
    }
    this.#failed = null;
    this.#loaded = { subject, said: annotationOf(answer.body), etag: answer.etag };
    view.show(this.#loaded.said);
    view.enable(true);
    view.name("save");
    view.say("");
  }

  /** `merged`: what somebody else has changed meanwhile and is taken over. */
  async #save(view: View, loaded: Loaded, merged: Field[]): Promise<boolean> {
    const mine = this.#pending();
    view.say(view.words.saving);
    view.wait(true);
    const headers = loaded.etag === null ? {} : { "If-Match": loaded.etag };
    const answer = await this.#ask(loaded.subject, { form: form(mine), headers });
    if (loaded !== this.#loaded) return isOk(answer);
    view.wait(false);
    if (answer.status === 412) return this.#merge(view, loaded, mine);
    if (!isOk(answer)) {
      this.#tell(view, failure(loaded.subject.callSid, answer), "save");
      return false;
    }
    this.#failed = null;
    loaded.said = annotationOf(answer.body);
    loaded.etag = answer.etag;
    view.name("save");
    const named = (fields: Field[]) => fields.map((field) => view.words[field]).join(", ");
    const fields = Object.keys(mine) as Field[];
    const { saved, merged: both } = view.words;
    const text = (merged.length > 0 ? both : saved).replace("%", named(fields));
    view.say(merged.length > 0 ? `${text}${named(merged)}.` : text);
    this.#saved(loaded.subject.callSid, mine, loaded.said);
    return true;
  }

  /** Somebody else has saved since we loaded. Where both said something, people decide. */
  async #merge(view: View, loaded: Loaded, mine: Changes): Promise<boolean> {
    const answer = await this.#ask(loaded.subject);
    if (loaded !== this.#loaded) return false;
    if (!isOk(answer)) {
      this.#tell(view, failure(loaded.subject.callSid, answer), "save");
      return false;
    }
    const now = annotationOf(answer.body);
    const theirs = changes(loaded.said, now);
    const disputed = clashes(mine, theirs);
    const taken = (Object.keys(theirs) as Field[]).filter((field) => !(field in mine));
    view.show(Object.fromEntries(taken.map((field) => [field, now[field]])));
    loaded.said = now;
    loaded.etag = answer.etag;
    if (disputed.length === 0) return this.#save(view, loaded, taken);

    view.say("");
    this.#fail({
      callSid: loaded.subject.callSid,
      reason: "conflict",
      status: 412,
      code: 20412,
      message: disputed.join(", "),
    });
    const goOn = () => {
      view.settle();
      if (this.hasChanges) void this.#save(view, loaded, taken);
      else view.say(view.words.nothing);
    };
    const takeTheirs = () => {
      view.show(Object.fromEntries(disputed.map((field) => [field, now[field]])));
      goOn();
    };
    view.ask(disputed, now, goOn, takeTheirs);
    return false;
  }

  /** Asks with the token that there is, and once more with a new one. */
  async #ask(subject: Subject, request: Request = {}): Promise<Answer> {
    const answer = await ask(subject.url, subject.token, request);
    if (answer.status !== 401 || !this.renewToken) return answer;
    try {
      subject.token = await this.renewToken(subject.callSid);
      return await ask(subject.url, subject.token, request);
    } catch {
      return answer;
    }
  }

  #tell(view: View, told: Failure, what: "load" | "save"): void {
    this.#failed = what;
    const { reason, message } = told;
    const known = reason === "conflict" || reason === "lost" ? "refused" : reason;
    view.say(view.words[known].replace("%", message), true);
    view.name("again");
    this.#fail(told);
  }

  #saved(callSid: string, said: Changes, annotation: Annotation): void {
    this.#emit("sidetone-saved", { callSid, changed: Object.keys(said), annotation });
  }

  #fail(told: Failure): void {
    this.#emit("sidetone-error", told);
  }

  #emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
