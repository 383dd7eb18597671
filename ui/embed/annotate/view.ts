import { h } from "../shared/dom";
import { type Language, plural, written } from "../shared/language";
import {
  ANSWERED_BY,
  type Annotation,
  CONNECTIVITY,
  type Field,
  lengthOf,
  NO_QUALITY_ISSUE,
  QUALITY,
  SCORES,
  TEXT_MAX,
} from "./fields";
import { type Words, WORDS } from "./words";

type Choice = [value: string, label: string];

/** The form: shows an annotation and reads what people make of it. */
export class View {
  readonly form: HTMLFormElement;
  readonly words: Words;
  readonly #language: Language;
  readonly #all: HTMLFieldSetElement;
  readonly #status: HTMLParagraphElement;
  readonly #conflict: HTMLDivElement;
  readonly #button: HTMLButtonElement;

  constructor(language: Language, onSave: () => void, onEdit: () => void) {
    this.#language = language;
    this.words = WORDS[language];
    const { words } = this;
    const spam: Choice[] = [["", words.notSaid], ["true", words.yes], ["false", words.no]];
    const scores = SCORES.map((score): Choice => [`${score}`, `${score} ${words.scores[score - 1]}`]);
    this.#all = h(
      "fieldset",
      { class: "all", disabled: true },
      this.#radios("call_score", [...scores, ["", words.notSaid]]),
      this.#radios("answered_by", [["", words.notSaid], ...this.#choices(ANSWERED_BY)]),
      this.#select("connectivity_issue", [["", words.notSaid], ...this.#choices(CONNECTIVITY)]),
      this.#checkboxes("quality_issues", this.#choices(QUALITY)),
      this.#radios("spam", spam),
      this.#text("comment", h("textarea", { rows: 2 })),
      this.#text("incident", h("input", { type: "text" })),
    );
    this.#button = h("button", { type: "submit", part: "button" }, words.save);
    this.#status = h("p", { role: "status", part: "status" });
    this.#conflict = h("div", { role: "group", part: "conflict", class: "conflict", hidden: true });
    const submit = (event: Event) => {
      event.preventDefault();
      onSave();
    };
    this.form = h(
      "form",
      { ...written(language), part: "form", "aria-label": words.title, novalidate: true, submit, input: onEdit },
      this.#all,
      this.#conflict,
      h("div", { class: "row", part: "footer" }, this.#button, this.#status),
    );
    this.form.addEventListener("change", (event) => this.#exclude(event.target as Element));
    this.form.addEventListener("input", () => this.#countTexts());
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
  }

  /** Shows these fields; others stay as they are. */
  show(said: Partial<Annotation>): void {
    for (const [field, value] of Object.entries(said)) {
      const values = Array.isArray(value) ? value : [value === null ? "" : String(value)];
      for (const control of this.#controls(field as Field)) {
        if (control instanceof HTMLInputElement && control.type !== "text")
          control.checked = values.includes(control.value);
        else control.value = values[0] ?? "";
      }
    }
    this.#countTexts();
  }

  read(): Annotation {
    const data = new FormData(this.form);
    const text = (field: Field) => String(data.get(field) ?? "").trim() || null;
    const issues = data.getAll("quality_issues").map(String);
    const score = text("call_score");
    const spam = text("spam");
    return {
      call_score: score === null ? null : Number(score),
      answered_by: text("answered_by"),
      connectivity_issue: text("connectivity_issue"),
      quality_issues: issues.length > 0 ? issues : null,
      spam: spam === null ? null : spam === "true",
      comment: text("comment"),
      incident: text("incident"),
    };
  }

  enable(isEnabled: boolean): void {
    this.#all.disabled = !isEnabled;
  }

  /** While the server is asked, the button stays where it is, with the focus. */
  wait(isWaiting: boolean): void {
    this.#button.setAttribute("aria-disabled", String(isWaiting));
    this.form.setAttribute("aria-busy", String(isWaiting));
  }

  get isWaiting(): boolean {
    return this.form.getAttribute("aria-busy") === "true";
  }

  say(text: string, isBad = false): void {
    this.#status.textContent = text;
    this.#status.classList.toggle("bad", isBad);
  }

  name(button: "save" | "again"): void {
    this.#button.textContent = this.words[button];
  }

  /** Shows what somebody else said of these fields, and lets people decide. */
  ask(fields: Field[], theirs: Annotation, onMine: () => void, onTheirs: () => void): void {
    const { words } = this;
    const list = fields.map((field) =>
      h("li", {}, `${words[field]}: ${this.#sayValue(field, theirs)}`),
    );
    const button = (text: string, click: () => void) =>
      h("button", { type: "button", class: "second", part: "button", click }, text);
    const question = h("p", { tabindex: -1, class: "label" }, words.conflict);
    this.#conflict.replaceChildren(
      question,
      h("ul", {}, ...list),
      h("div", { class: "row" }, button(words.mine, onMine), button(words.theirs, onTheirs)),
    );
    this.#conflict.hidden = false;
    question.focus();
  }

  settle(): void {
    if (this.#conflict.contains((this.form.getRootNode() as ShadowRoot).activeElement))
      this.#button.focus();
    this.#conflict.hidden = true;
  }

  isTooLong(): boolean {
    const { comment, incident } = this.read();
    return [comment, incident].some((text) => lengthOf(text ?? "") > TEXT_MAX);
  }

  #sayValue(field: Field, { [field]: value }: Annotation): string {
    const { words } = this;
    if (value === null) return words.empty;
    if (typeof value === "boolean") return value ? words.yes : words.no;
    if (typeof value === "number") return `${value} ${words.scores[value - 1]}`;
    const word = (one: string) => (one in words ? String(words[one as keyof Words]) : one);
    if (Array.isArray(value)) return value.map(word).join(", ");
    return field === "comment" || field === "incident" ? value : word(value);
  }

  #choices(values: readonly (keyof Words)[]): Choice[] {
    return values.map((value) => [value, String(this.words[value])]);
  }

  #controls(field: Field) {
    return this.form.querySelectorAll<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>(
      `[name=${field}]`,
    );
  }

  #radios(field: Field, choices: Choice[]): HTMLElement {
    return this.#group(field, "radio", choices);
  }

  #checkboxes(field: Field, choices: Choice[]): HTMLElement {
    return this.#group(field, "checkbox", choices);
  }

  #group(field: Field, type: string, choices: Choice[]): HTMLElement {
    const options = choices.map(([value, label]) =>
      h("label", { class: "choice", part: "choice" },
        h("input", { type, name: field, value }), h("span", {}, label)),
    );
    return h("fieldset", { part: "field" },
      h("legend", { part: "label" }, this.words[field]), h("div", { class: "choices" }, ...options));
  }

  #select(field: Field, choices: Choice[]): HTMLElement {
    const options = choices.map(([value, label]) => h("option", { value }, label));
    return h("label", { part: "field" },
      h("span", { class: "label", part: "label" }, this.words[field]),
      h("select", { name: field }, ...options));
  }

  #text(field: "comment" | "incident", control: HTMLInputElement | HTMLTextAreaElement): HTMLElement {
    control.name = field;
    control.id = field;
    control.setAttribute("aria-describedby", `${field}-left${field === "comment" ? " privacy" : ""}`);
    return h("div", { part: "field" },
      h("label", { for: field, class: "label", part: "label" }, this.words[field]),
      control,
      field === "comment" ? h("p", { id: "privacy", class: "hint", part: "hint" }, this.words.privacy) : null,
      h("p", { id: `${field}-left`, class: "hint", part: "hint" }));
  }

  #countTexts(): void {
    for (const field of ["comment", "incident"] as const) {
      const control = this.#controls(field)[0];
      const hint = this.form.querySelector(`#${field}-left`);
      if (!control || !hint) continue;
      const length = lengthOf(control.value);
      const left = TEXT_MAX - length;
      const { leftOne, leftOther, overOne, overOther } = this.words;
      const forms = left < 0 ? ([overOne, overOther] as const) : ([leftOne, leftOther] as const);
      hint.textContent = length === 0 ? "" : plural(this.#language, Math.abs(left), ...forms);
      hint.classList.toggle("bad", left < 0);
      control.setAttribute("aria-invalid", String(left < 0));
    }
  }

  /** Trouble and no trouble do not go together. */
  #exclude(changed: Element): void {
    if (!(changed instanceof HTMLInputElement)) return;
    if (changed.name !== "quality_issues" || !changed.checked) return;
    const isNone = changed.value === NO_QUALITY_ISSUE;
    for (const control of this.#controls("quality_issues")) {
      if (control instanceof HTMLInputElement && (control.value === NO_QUALITY_ISSUE) !== isNone)
        control.checked = false;
    }
  }
}
