export const LANGUAGES = ["en", "de", "es", "fr", "pt"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The language of an element: its own, its page's, its reader's; else English. */
export function languageOf(element: Element): Language {
  const said = [element.closest("[lang]")?.getAttribute("lang"), ...navigator.languages];
  for (const tag of said) {
    const language = LANGUAGES.find((one) => one === tag?.slice(0, 2).toLowerCase());
    if (language && /^..(-|$)/.test(tag ?? "")) return language;
  }
  return "en";
}

/** One or many, as the language has it: in French 0 is one. `#` is the number. */
export function plural(language: Language, number: number, one: string, other: string): string {
  const form = new Intl.PluralRules(language).select(Math.abs(number)) === "one" ? one : other;
  return form.replace("#", new Intl.NumberFormat(language).format(number));
}

/** How text of a language is written, also in a page of another. */
export function written(language: Language): { lang: string; dir: string } {
  return { lang: language, dir: "ltr" };
}
