// The list of calls: found, followed, judged.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { useKeys } from "../../app/keys";
import { go, place, setQuery } from "../../app/router";
import { isAdmin, mayAnnotate, session } from "../../app/session";
import { apiQuery, readable, selectionKey } from "../../model/filters";
import { count, plural } from "../../model/format";
import { Icon } from "../../parts/icon";
import { Popover } from "../../parts/popover";
import { RangePicker } from "../../parts/range";
import { Request } from "../../parts/request";
import { Empty, Failed, Waiting } from "../../parts/states";
import { BulkAnnotate } from "./bulk";
import { FilterBar } from "./chips";
import { COLUMNS, columnsOf, withColumn } from "./columns";
import { useListing } from "./listing";
import { useLive } from "./live";
import { CallTable } from "./table";
import { Views } from "./views";

export function Calls() {
  const query = place.value.query;
  const key = selectionKey(query);
  const listing = useListing(key, query);
  const columns = useMemo(() => columnsOf(query), [query.get("columns")]);
  const [active, setActive] = useState<string | null>(null);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [isBulk, setBulk] = useState(false);
  const anchor = useRef<string | null>(null);
  const fresh = useMemo(() => new Set<string>(), []);

  useEffect(() => setSelected(new Set()), [key]);

  // A list of the past stays as it is.
  const canLive = !query.has("EndTime");
  const isLive = canLive && query.get("live") === "on";
  const live = useLive(isLive ? apiQuery(query).toString() : null, {
    begin: listing.reload,
    put: (call) => {
      fresh.add(call.call_sid);
      setTimeout(() => fresh.delete(call.call_sid), 2500);
      listing.put(call);
    },
    drop: listing.drop,
  });
  const setLive = (on: boolean) => {
    const next = new URLSearchParams(place.value.query);
    if (on) next.set("live", "on");
    else next.delete("live");
    setQuery(next, { replace: true });
  };

  const { calls } = listing;
  const move = (by: number) => {
    if (calls.length === 0) return;
    const at = calls.findIndex((it) => it.call_sid === active);
    setActive(calls[Math.max(0, Math.min(calls.length - 1, at < 0 ? 0 : at + by))]!.call_sid);
  };
  const select = (sid: string, isRange: boolean) => {
    const next = new Set(selected);
    const [from, to] = [calls.findIndex((it) => it.call_sid === anchor.current), calls.findIndex((it) => it.call_sid === sid)];
    if (isRange && from >= 0) for (const it of calls.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(it.call_sid);
    else if (next.has(sid)) next.delete(sid);
    else next.add(sid);
    anchor.current = sid;
    setSelected(next);
  };
  const state = useRef({ move, select, active, selected, toggleLive: () => {} });
  state.current = { move, select, active, selected, toggleLive: () => canLive && setLive(!isLive) };
  useKeys(useMemo(() => [
    { key: "j", what: "Next call", run: () => state.current.move(1) },
    { key: "k", what: "Call before", run: () => state.current.move(-1) },
    { key: "Enter", what: "Open the call", run: () => state.current.active && go(`/calls/${state.current.active}`) },
    { key: "o", what: "", run: () => state.current.active && go(`/calls/${state.current.active}`) },
    { key: "x", what: "Select the call", run: () => state.current.active && mayAnnotate.value && state.current.select(state.current.active, false) },
    { key: "a", what: "Annotate those selected", run: () => state.current.selected.size > 0 && setBulk(true) },
    { key: "l", what: "Live, on and off", run: () => state.current.toggleLive() },
    { key: "Escape", what: "Select none", run: () => setSelected(new Set()) },
  ], []));

  const asked = apiQuery(query);
  const csv = new URLSearchParams(asked);
  csv.set("Format", "csv");
  const total = listing.total === null ? null : `${listing.isTotalExact ? "" : "more than "}${plural(listing.total, "call")}`;

  return (
    <div class="calls">
      <header class="screen-head">
        <h1>Calls</h1>
        <p class="total" role="status">{listing.isLoading && calls.length === 0 ? "" : total}{query.get("Q") && <> for <q>{query.get("Q")}</q></>}</p>
        <div class="head-tools">
          {canLive && (
            <button type="button" class={`button live-button is-${live}`} aria-pressed={isLive} title="Calls as they come and change (l)" onClick={() => setLive(!isLive)}>
              <Icon name="live" size={14} /> {live === "connecting" ? "Connecting" : "Live"}
            </button>
          )}
          <RangePicker query={query} onChange={setQuery} />
          <Views query={new URLSearchParams(readable(withoutOwn(query)))} />
          <Popover class="button only-wide" align="end" name="Columns" label={<><Icon name="columns" size={14} /> Columns</>}>
            {() => (
              <div class="menu">
                <ul class="menu-list values">
                  {COLUMNS.map((it) => (
                    <li key={it.id}><label>
                      <input type="checkbox" checked={columns.includes(it)} onChange={() => setQuery(withColumn(place.value.query, it.id), { replace: true })} /><span>{it.label}</span>
                    </label></li>
                  ))}
                </ul>
              </div>
            )}
          </Popover>
          <Popover class="button only-wide" align="end" name="As a request" label={<code>{"{ }"}</code>}>
            {() => <div class="request"><Request title="This list as a request" account={session.value?.account_sid ?? ""} path="/v1/Voice/Summaries" query={asked} /></div>}
          </Popover>
          <a class="button" href={`/v1/Voice/Export?${csv}`} download="calls.csv" title="All calls of this list, as CSV"><Icon name="download" size={14} /> <span class="only-wide">CSV</span></a>
        </div>
        <FilterBar query={query} />
      </header>
      {listing.error && <Failed error={listing.error} retry={listing.reload} />}
      {listing.isLoading && calls.length === 0 && !listing.error && <Waiting what="Reading calls" />}
      {!listing.isLoading && !listing.error && calls.length === 0 && <Nothing query={query} />}
      {listing.newer.length > 0 && (
        <button type="button" class="button is-primary newer" onClick={listing.showNewer}>{plural(listing.newer.length, "new call")}</button>
      )}
      {calls.length > 0 && (
        <CallTable
          key={key}
          calls={calls} columns={columns} total={listing.total} active={active} selected={selected} isSelectable={mayAnnotate.value}
          hasMore={listing.next !== null} startScroll={listing.scroll} fresh={fresh}
          onActive={setActive} onSelect={select} onMore={listing.more} onScroll={listing.keepScroll}
          onSelectAll={() => setSelected(selected.size >= calls.length ? new Set() : new Set(calls.map((it) => it.call_sid)))}
        />
      )}
      {selected.size > 0 && (
        <div class="selection" role="region" aria-label="Selection">
          <b>{count(selected.size)} selected</b>
          <button type="button" class="button is-primary" onClick={() => setBulk(true)}><Icon name="pen" size={14} /> Annotate</button>
          <button type="button" class="button" onClick={() => setSelected(new Set())}>Select none</button>
        </div>
      )}
      {isBulk && (
        <BulkAnnotate sids={[...selected]} onClose={() => setBulk(false)} onDone={() => { listing.reload(); setSelected(new Set()); }} />
      )}
    </div>
  );
}

/** Views keep which calls and whether they are followed, and not how they are shown. */
function withoutOwn(query: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams();
  for (const [name, value] of query) if (/^[A-Z]/.test(name) || name === "live") next.append(name, value);
  return next;
}

function Nothing({ query }: { query: URLSearchParams }) {
  const searched = query.get("Q");
  if (searched) {
    return (
      <Empty title="Nothing is known by that">
        <p>No call has <q>{searched}</q> as its CallSid, number, agent, SIP Call-ID, incident, or in its comment.</p>
        <p class="quiet">Numbers are looked for whole, with their country code; comments by three characters or more.</p>
      </Empty>
    );
  }
  const isNarrowed = [...query.keys()].some((name) => /^[A-Z]/.test(name));
  return (
    <Empty title="No calls here">
      {isNarrowed ? <p>No call fits these filters. <a href="/calls">Take them away</a>.</p>
        : <p>No call has come in the last 7 days. <a href="/calls?StartTime=90d">Look at 90 days</a>{isAdmin.value && <>, or <a href="/setup">connect a source of calls</a></>}.</p>}
    </Empty>
  );
}
