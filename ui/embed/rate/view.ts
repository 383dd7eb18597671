import { h } from "../shared/dom";
import { type Language, plural, written } from "../shared/language";
import { ISSUES, type Issue, type Words, WORDS } from "./words";

/** What somebody chose. */
export interface Choice {
  score: number;
  issues: Issue[];
}

/** From here on nobody is asked what was wrong. */
const GOOD = 4;

export interface Actions {
  choose: (choice: Choice) => void;
  send: (choice: Choice) => void;
  dismiss: () => void;
}

/** The question, and after it the thanks. */
export class View {
  readonly root: HTMLElement;
  readonly words: Words;
  readonly #language: Language;
  readonly #form: HTMLFormElement;
  readonly #issues: HTMLFieldSetElement;
  readonly #send: HTMLButtonElement;
  readonly #later: HTMLButtonElement;
  readonly #after: HTMLElement;
  readonly #status: HTMLParagraphElement;

  constructor(language: Language, actions: Actions) {
    this.#language = language;
    this.words = WORDS[language];
    const { words } = this;
    const scores = words.scores.map((word, index) =>
      h("label", { class: "choice", part: "choice score" },
        h("input", { type: "radio", name: "score", value: index + 1 }),
        h("span", {}, h("b", {}, String(index + 1)), h("small", {}, word))),
    );
    const issues = ISSUES.map((issue) =>
      h("label", { class: "choice", part: "choice" },
        h("input", { type: "checkbox", name: "issue", value: issue }), h("span", {}, words[issue])),
    );
    this.#issues = h("fieldset", { part: "field", hidden: true },
      h("legend", { part: "label" }, words.what), h("div", { class: "choices" }, ...issues));
    this.#send = h("button", { type: "submit", part: "button", hidden: true }, words.send);
    const dismiss = () => actions.dismiss();
    this.#later = h("button", { type: "button", part: "button", class: "second", click: dismiss }, words.later);
    const submit = (event: Event) => {
      event.preventDefault();
      const choice = this.#read();
      if (choice) actions.send(choice);
    };
    const change = () => {
      const choice = this.#read();
      if (choice) actions.choose(choice);
      this.#follow(choice);
    };
    this.#form = h("form", { part: "form", novalidate: true, submit, change },
      h("fieldset", { part: "field" },
        h("legend", { part: "question" }, words.question), h("div", { class: "scores" }, ...scores)),
      this.#issues,
      h("div", { class: "row", part: "footer" }, this.#send, this.#later));
    this.#status = h("p", { role: "status", part: "status", tabindex: -1 });
    const again = () => this.#open();
    this.#after = h("div", { class: "row", hidden: true },
      h("button", { type: "button", part: "button", class: "second", click: again }, words.change));
    this.root = h("div", { ...written(language), part: "root" }, this.#form, this.#status, this.#after);
  }

  show({ score, issues }: Choice): void {
    for (const input of this.#form.querySelectorAll("input"))
      input.checked = input.value === String(score) || issues.some((one) => one === input.value);
    this.#follow({ score, issues });
  }

  /** The rating is on its way; those that wait are told too, when there are others. */
  thank(isSaved: boolean, waiting: number): void {
    const { words } = this;
    const { waitsOne, waitsOther } = words;
    const others = waiting > 1 ? ` ${plural(this.#language, waiting, waitsOne, waitsOther)}` : "";
    this.#close(isSaved ? words.thanks : words.kept + others);
  }

  refuse(): void {
    this.#close(this.words.refused);
  }

  #close(text: string): void {
    const root = this.root.getRootNode() as ShadowRoot;
    const hasFocus = this.#form.contains(root.activeElement);
    this.#status.textContent = text;
    this.#form.hidden = true;
    this.#after.hidden = false;
    // What had the focus is gone.
    if (hasFocus) this.#status.focus();
  }

  #open(): void {
    this.#form.hidden = false;
    this.#after.hidden = true;
    this.#status.textContent = "";
    this.#form.querySelector<HTMLInputElement>("input:checked")?.focus();
  }

  /** Only who was not content is asked why. */
  #follow(choice: Choice | null): void {
    this.#issues.hidden = !choice || choice.score >= GOOD;
    this.#send.hidden = !choice;
    this.#later.hidden = Boolean(choice);
  }

  #read(): Choice | null {
    const data = new FormData(this.#form);
    const score = Number(data.get("score"));
    if (score === 0) return null;
    const issues = score < GOOD ? (data.getAll("issue") as Issue[]) : [];
    return { score, issues };
  }
}
