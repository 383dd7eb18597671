import type { StatisticsRow } from "../../api/types";
import { callsAddress } from "../../model/filters";
import { change, MEASURES } from "../../model/measures";
import { Spark } from "../../parts/spark";

/** One number each, how it went, and how it was before. The number leads to its calls. */
export function Tiles({ row, trend, query, isCompared }: { row: StatisticsRow; trend: StatisticsRow[]; query: URLSearchParams; isCompared: boolean }) {
  const before = (row as { previous?: StatisticsRow | null }).previous ?? null;
  return (
    <ul class="tiles">
      {MEASURES.map((it) => {
        const value = it.read(row);
        const calls = it.calls(row);
        const moved = isCompared && before ? change(it, value, it.read(before)) : null;
        const text = it.format(value);
        return (
          <li key={it.id} class="tile" title={it.title}>
            <h2>{it.label}</h2>
            {calls && value !== null
              ? <a class="tile-value" href={callsAddress(query, calls)} aria-label={`${it.label}: ${text}. Show these calls`}>{text}</a>
              : <span class="tile-value">{text}</span>}
            <Spark values={trend.map((point) => it.read(point))} />
            <p class="tile-foot">
              {moved && <span class={moved.isBetter === null ? "delta" : moved.isBetter ? "delta is-better" : "delta is-worse"}>{moved.text}<span class="visually-hidden">{moved.isBetter === null ? "" : moved.isBetter ? ", better than before" : ", worse than before"}</span></span>}
              <span>{it.about(row)}</span>
            </p>
          </li>
        );
      })}
    </ul>
  );
}
