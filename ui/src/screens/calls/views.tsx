// Selections under a name: one's own, those that are shared, and some to begin with.

import { useState } from "preact/hooks";

import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { changeView, forgetView, keepView, views as readViews, type View } from "../../api/views";
import { forget, store, stored } from "../../app/kept";
import { go } from "../../app/router";
import { isAdmin, session } from "../../app/session";
import { toast } from "../../app/toast";
import { readable } from "../../model/filters";
import { plural } from "../../model/format";
import { leftOver, plain, SUGGESTED, type Named } from "../../model/views";
import { Icon } from "../../parts/icon";
import { Popover } from "../../parts/popover";

/** Where earlier releases kept them. */
const KEY = "sidetone.views";

export function Views({ query }: { query: URLSearchParams }) {
  const loaded = useLoad(`${session.value?.account_sid}|${session.value?.name}`, readViews, { isFresh: true });
  const views = loaded.data ?? [];
  const now = readable(query);
  const current = [...views, ...SUGGESTED].find((it) => plain(it.query) === plain(now));
  return (
    <Popover class="button" name={current ? `View: ${current.name}` : "Views"} label={<><Icon name="star" size={14} /> <span class="view-name">{current?.name ?? "Views"}</span> <Icon name="down" size={12} /></>}>
      {(close) => <Menu views={views} current={current} now={now} close={close} error={loaded.error} reload={loaded.reload} />}
    </Popover>
  );
}

function Menu({ views, current, now, close, error, reload }: { views: View[]; current: Named | undefined; now: string; close: () => void; error: Error | null; reload: () => void }) {
  const [name, setName] = useState("");
  const [isShared, setShared] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const own = views.filter((it) => it.own);
  const others = views.filter((it) => !it.own);
  const local = error ? [] : leftOver(stored(KEY), own);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
    } catch (problem) {
      toast(explain(problem), { isBad: true });
    } finally {
      setBusy(false);
      reload();
    }
  };
  const keep = async () => {
    const title = name.trim();
    const had = own.find((it) => it.name === title);
    if (had) await changeView(had.sid, { Query: now, Shared: String(isShared) });
    else await keepView(title, now, isShared);
    setName("");
    setShared(false);
  };
  const takeOver = async () => {
    const refused: Named[] = [];
    for (const it of local) {
      try {
        await keepView(it.name, it.query, false);
      } catch (problem) {
        refused.push(it);
        toast(`${it.name}: ${explain(problem)}`, { isBad: true });
      }
    }
    if (refused.length === 0) forget(KEY);
    else store(KEY, JSON.stringify(refused));
  };
  const item = (it: Named) => (
    <button type="button" class="menu-item" aria-pressed={it === current} onClick={() => { go(`/calls?${readable(new URLSearchParams(it.query))}`); close(); }}>{it.name}</button>
  );
  const forgetting = (it: View) => (
    <button type="button" class="icon-button" aria-label={`Forget ${it.name}`} disabled={isBusy} onClick={() => void run(() => forgetView(it.sid))}><Icon name="close" size={12} /></button>
  );
  return (
    <div class="menu views-menu">
      {error && <p class="bad-text hint">{explain(error)}</p>}
      <div class="views-list">
        {own.length > 0 && <p class="menu-title">Yours</p>}
        {own.map((it) => (
          <div key={it.sid} class="menu-row">
            {item(it)}
            <button type="button" class="link is-small" aria-pressed={it.shared} title={it.shared ? "Everybody of the account sees it" : "Only you see it"} disabled={isBusy} onClick={() => void run(() => changeView(it.sid, { Shared: String(!it.shared) }))}>
              {it.shared ? "Shared" : "Share"}<span class="visually-hidden"> {it.name}</span>
            </button>
            {forgetting(it)}
          </div>
        ))}
        {others.length > 0 && <p class="menu-title">Shared by others</p>}
        {others.map((it) => (
          <div key={it.sid} class="menu-row">
            {item(it)}
            <span class="quiet view-owner">{ownerName(it.owner)}</span>
            {isAdmin.value && forgetting(it)}
          </div>
        ))}
        <p class="menu-title">To begin with</p>
        {SUGGESTED.map((it) => <div key={it.name} class="menu-row">{item(it)}</div>)}
      </div>
      {local.length > 0 && (
        <button type="button" class="button is-small" disabled={isBusy} onClick={() => void run(takeOver)}>
          Take over {plural(local.length, "view")} of this browser
        </button>
      )}
      <form class="menu-form views-form" onSubmit={(event) => { event.preventDefault(); if (name.trim() !== "") void run(keep); }}>
        <input class="field" aria-label="Name of the view" placeholder="Keep this as…" value={name} maxLength={60} onInput={(event) => setName(event.currentTarget.value)} />
        <button type="submit" class="button is-small" disabled={isBusy || name.trim() === ""}>Keep</button>
        <label class="view-share"><input type="checkbox" checked={isShared} onChange={(event) => setShared(event.currentTarget.checked)} /> for everybody</label>
      </form>
    </div>
  );
}

/** Credentials have no name that anybody would know. */
function ownerName(owner: string): string {
  return /^AC[0-9a-f]{32}$/.test(owner) ? "account" : /^SK[0-9a-f]{32}$/.test(owner) ? "API key" : owner;
}
