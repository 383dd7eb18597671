// How many of what: a list whose rows lead to those calls.

import { count, percent } from "../model/format";

export interface BarRow {
  label: string;
  value: number;
  href: string | null;
  tone?: "bad" | "warn" | undefined;
}

export function Bars({ rows, total, empty }: { rows: BarRow[]; total: number; empty: string }) {
  if (rows.length === 0) return <p class="quiet">{empty}</p>;
  const most = Math.max(...rows.map((it) => it.value), 1);
  return (
    <ul class="bars">
      {rows.map((it) => {
        const inside = (
          <>
            <span class="bar-label">{it.label}</span>
            <span class="bar-value">{count(it.value)}</span>
            <span class="bar-share">{total > 0 ? percent((it.value / total) * 100, 1) : ""}</span>
            <span class="bar-track" aria-hidden="true"><span class={`bar-fill ${it.tone ?? ""}`} style={{ width: `${(it.value / most) * 100}%` }} /></span>
          </>
        );
        return <li key={it.label}>{it.href ? <a href={it.href}>{inside}</a> : <div>{inside}</div>}</li>;
      })}
    </ul>
  );
}
