// The times that rules were broken.

import { useState } from "preact/hooks";

import { alerts, callsOf, titleOf, type Alert } from "../../api/alerts";
import { useLoad } from "../../api/load";
import { place, setQuery } from "../../app/router";
import { fullTime, spelledDuration, time } from "../../model/format";
import { rangeLabel } from "../../model/range";
import { Icon } from "../../parts/icon";
import { Listed } from "../../parts/table";

const STATES = [["", "All"], ["firing", "Firing"], ["pending", "Pending"], ["resolved", "Resolved"]] as const;
/** The API's filters, which the address has. */
const FILTERS = ["State", "RuleSid", "StartTime", "EndTime"];
const PAGE = 100;
const MOST = 1000;

export function Fired() {
  const { query } = place.value;
  const [size, setSize] = useState(PAGE);
  const asked = Object.fromEntries(FILTERS.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : [])));
  const key = new URLSearchParams({ ...asked, PageSize: String(size) }).toString();
  const loaded = useLoad(`alerts ${key}`, (signal) => alerts({ ...asked, PageSize: String(size) }, signal), { every: 10_000 });
  const rows = loaded.data ?? [];
  const set = (change: Record<string, string | null>) => {
    const next = new URLSearchParams(asked);
    for (const [name, value] of Object.entries(change)) {
      if (value === null || value === "") next.delete(name);
      else next.set(name, value);
    }
    setQuery(next, { replace: true });
  };
  const state = query.get("State") ?? "";
  const isNarrowed = Object.keys(asked).length > 0;
  return (
    <Listed title="Fired" note="the latest first" loaded={loaded} rows={rows} empty={isNarrowed ? "None is like this." : "No rule has been broken."}
      head={["What", "State", "Severity", "Since", "Lasted", ["", "num"]]}
      row={(it) => (
        <tr key={it.sid}>
          <th scope="row"><a href={`/alerts/${it.sid}`}>{titleOf(it)}</a></th><td><StateOf alert={it} /></td><td>{it.severity}</td>
          <td title={fullTime(sinceOf(it))}>{time(sinceOf(it))}</td>
          <td title={fullTime(it.resolved_time)}>{lastedOf(it)}</td>
          <td class="num actions">{callsOf(it) && <a class="link" href={callsOf(it)!} aria-label={`Calls of ${titleOf(it)}`}>Calls</a>}</td>
        </tr>
      )}
      foot={rows.length === size && size < MOST && <button type="button" class="button is-small" onClick={() => setSize(Math.min(MOST, size * 3))}>Show more</button>}>
      {asked["StartTime"] && <Narrowed text={rangeLabel(asked["StartTime"], asked["EndTime"] ?? null)} onClear={() => set({ StartTime: null, EndTime: null })} />}
      {asked["RuleSid"] && <Narrowed text={`Of one rule${rows[0]?.rule_name ? `: ${rows[0].rule_name}` : ""}`} onClear={() => set({ RuleSid: null })} />}
      <div class="segments" role="group" aria-label="State">
        {STATES.map(([id, label]) => <button key={id} type="button" aria-pressed={id === state} onClick={() => set({ State: id })}>{label}</button>)}
      </div>
    </Listed>
  );
}

function Narrowed({ text, onClear }: { text: string; onClear: () => void }) {
  return (
    <span class="chip is-on"><span class="chip-main"><span class="chip-text">{text}</span></span>
      <button type="button" class="chip-close" aria-label={`Remove ${text}`} onClick={onClear}><Icon name="close" size={12} /></button>
    </span>
  );
}

export const sinceOf = (it: Alert) => it.fired_time ?? it.pending_time;

export function lastedOf(it: Alert): string {
  const until = it.resolved_time ? Date.parse(it.resolved_time) : Date.now();
  const lasted = spelledDuration(Math.max(0, until - Date.parse(sinceOf(it))) / 1000);
  return it.resolved_time ? lasted : `${lasted} so far`;
}

export function StateOf({ alert: { state, told, resolved_time } }: { alert: Alert }) {
  const shown = state === "firing" ? <b class="alert-state is-firing"><Icon name="warning" size={14} /> firing</b>
    : <span class="alert-state"><Icon name={state === "resolved" ? "good" : "unknown"} size={14} /> {state}</span>;
  return told || state === "pending" || resolved_time ? shown : <>{shown} <span class="quiet">nobody told</span></>;
}
