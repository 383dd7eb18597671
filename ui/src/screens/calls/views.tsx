// Selections under a name, kept in this browser.

import { useState } from "preact/hooks";

import { go } from "../../app/router";
import { store, stored } from "../../app/kept";
import { readable } from "../../model/filters";
import { Icon } from "../../parts/icon";
import { Popover } from "../../parts/popover";

interface View {
  name: string;
  query: string;
}

const KEY = "sidetone.views";

const SUGGESTED: View[] = [
  { name: "Running now", query: "ProcessingState=started&live=on" },
  { name: "Bad sound", query: "Tag=high_packet_loss&Tag=high_jitter&Tag=low_mos&Tag=high_latency" },
  { name: "One-way audio", query: "Tag=silence" },
  { name: "Failed", query: "CallState=fail" },
  { name: "People scored 1 or 2", query: "CallScoreAnnotation=1&CallScoreAnnotation=2" },
  { name: "Talked, not measured", query: "CallState=completed&Measured=false" },
];

function read(): View[] {
  try {
    const value = JSON.parse(stored(KEY) ?? "[]") as unknown;
    return Array.isArray(value) ? value.filter((it): it is View => typeof it?.name === "string" && typeof it?.query === "string") : [];
  } catch {
    return [];
  }
}

export function Views({ query }: { query: URLSearchParams }) {
  const [views, setViews] = useState(read);
  const [name, setName] = useState("");
  const now = readable(query);
  const plain = now.replace(/&?live=on/, "");
  const keep = (next: View[]) => {
    setViews(next);
    store(KEY, JSON.stringify(next));
  };
  const current = [...views, ...SUGGESTED].find((it) => it.query.replace(/&?live=on/, "") === plain);
  const show = (view: View) => go(`/calls?${view.query}`);
  return (
    <Popover class="button" name={current ? `View: ${current.name}` : "Views"} label={<><Icon name="star" size={14} /> <span class="view-name">{current?.name ?? "Views"}</span> <Icon name="down" size={12} /></>}>
      {(close) => (
        <div class="menu">
          {views.length > 0 && <p class="menu-title">Yours, in this browser</p>}
          {views.map((it) => (
            <div key={it.name} class="menu-row">
              <button type="button" class="menu-item" aria-pressed={it === current} onClick={() => { show(it); close(); }}>{it.name}</button>
              <button type="button" class="icon-button" aria-label={`Forget ${it.name}`} onClick={() => keep(views.filter((other) => other !== it))}><Icon name="close" size={12} /></button>
            </div>
          ))}
          <p class="menu-title">To begin with</p>
          {SUGGESTED.map((it) => (
            <button key={it.name} type="button" class="menu-item" aria-pressed={it === current} onClick={() => { show(it); close(); }}>{it.name}</button>
          ))}
          <form class="menu-form" onSubmit={(event) => {
            event.preventDefault();
            const title = name.trim();
            if (title === "") return;
            keep([...views.filter((it) => it.name !== title), { name: title, query: now }]);
            setName("");
          }}>
            <input class="field" aria-label="Name of the view" placeholder="Keep this as…" value={name} maxLength={60} onInput={(event) => setName(event.currentTarget.value)} />
            <button type="submit" class="button is-small" disabled={name.trim() === ""}>Keep</button>
          </form>
        </div>
      )}
    </Popover>
  );
}
