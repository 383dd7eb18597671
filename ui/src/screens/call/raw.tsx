// The summary as the API gives it, and the request for it.

import { useState } from "preact/hooks";

import type { CallSummary } from "../../api/types";
import { LANGUAGES, snippet, type Language } from "../../model/snippets";
import { Copy } from "../../parts/copy";

export function Raw({ call }: { call: CallSummary }) {
  const [language, setLanguage] = useState<Language>("curl");
  const [isOpen, setOpen] = useState(false);
  const code = snippet(language, window.location.origin, call.account_sid, `/v1/Voice/${call.call_sid}/Summary`, new URLSearchParams({ ProcessingState: "all" }));
  const json = () => JSON.stringify(call, null, 2);
  return (
    <section class="card" aria-label="API">
      <header class="card-head">
        <h2>As a request</h2>
        <div class="segments" role="group" aria-label="Language">
          {LANGUAGES.map((it) => <button key={it.id} type="button" aria-pressed={language === it.id} onClick={() => setLanguage(it.id)}>{it.label}</button>)}
        </div>
      </header>
      <div class="code"><pre tabIndex={0}>{code}</pre><Copy text={code} label="Copy the request" isBare /></div>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Raw JSON</summary>
        {isOpen && <div class="code"><pre tabIndex={0}>{json()}</pre><Copy text={json} label="Copy the JSON" isBare /></div>}
      </details>
    </section>
  );
}
