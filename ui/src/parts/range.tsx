// From when to when.

import { useState } from "preact/hooks";

import { DEFAULT_RANGE } from "../model/filters";
import { RANGES, rangeLabel } from "../model/range";
import { Icon } from "./icon";
import { Popover } from "./popover";

export function RangePicker({ query, onChange }: { query: URLSearchParams; onChange: (next: URLSearchParams) => void }) {
  const start = query.get("StartTime") ?? DEFAULT_RANGE;
  const end = query.get("EndTime");
  const set = (from: string, to: string | null) => {
    const next = new URLSearchParams(query);
    next.set("StartTime", from);
    if (to) next.set("EndTime", to);
    else next.delete("EndTime");
    onChange(next);
  };
  return (
    <Popover class="button" name={`Time: ${rangeLabel(start, end)}`} label={<>{rangeLabel(start, end)} <Icon name="down" size={12} /></>}>
      {(close) => (
        <div class="menu">
          {RANGES.map((it) => (
            <button key={it.value} type="button" class="menu-item" aria-pressed={end === null && it.value === start}
              onClick={() => { set(it.value, null); close(); }}>
              {it.label}
            </button>
          ))}
          <Days start={start} end={end} onChange={(from, to) => { set(from, to); close(); }} />
        </div>
      )}
    </Popover>
  );
}

function Days({ start, end, onChange }: { start: string; end: string | null; onChange: (from: string, to: string | null) => void }) {
  const day = (value: string | null) => (value && /^\d{4}-\d\d-\d\d/.test(value) ? value.slice(0, 10) : "");
  const [from, setFrom] = useState(day(start));
  const [to, setTo] = useState(day(end));
  const isWrong = from !== "" && to !== "" && to < from;
  return (
    <form class="days" onSubmit={(event) => { event.preventDefault(); if (from && !isWrong) onChange(from, to || null); }}>
      <label>From <input type="date" value={from} onInput={(event) => setFrom(event.currentTarget.value)} required /></label>
      <label>to <input type="date" value={to} min={from} onInput={(event) => setTo(event.currentTarget.value)} /></label>
      {isWrong && <p class="bad-text">The end is before the start.</p>}
      <button type="submit" class="button is-small">Show (UTC days)</button>
    </form>
  );
}
