// The request behind what is shown, to be copied.

import { useState } from "preact/hooks";

import { LANGUAGES, snippet, type Language } from "../model/snippets";
import { Copy } from "./copy";

export function Request({ title, account, path, query }: { title: string; account: string; path: string; query: URLSearchParams }) {
  const [language, setLanguage] = useState<Language>("curl");
  const code = snippet(language, window.location.origin, account, path, query);
  return (
    <>
      <header class="card-head">
        <h2>{title}</h2>
        <div class="segments" role="group" aria-label="Language">
          {LANGUAGES.map((it) => <button key={it.id} type="button" aria-pressed={language === it.id} onClick={() => setLanguage(it.id)}>{it.label}</button>)}
        </div>
      </header>
      <div class="code"><pre tabIndex={0}>{code}</pre><Copy text={code} label="Copy the request" isBare /></div>
    </>
  );
}
