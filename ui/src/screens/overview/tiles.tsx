import type { StatisticsRow } from "../../api/answers";
import { callsAddress } from "../../model/filters";
import { change, MEASURES, type Shown } from "../../model/measures";
import { Spark } from "../../parts/spark";

/** One number each, how it went, and how it was before. The number leads to its calls. */
export function Tiles({ row, trend, query, isCompared, isComing }: { row: StatisticsRow; trend: StatisticsRow[]; query: URLSearchParams; isCompared: boolean; isComing: boolean }) {
  const before = (row as { previous?: StatisticsRow | null }).previous ?? null;
  return (
    <ul class="tiles">
      {MEASURES.map((it) => {
        const value = it.read(row);
        const calls = it.calls(row);
        const moved = isCompared && before ? change(it, value, it.read(before)) : null;
        const isMissing = isComing && (row as unknown as Record<string, unknown>)[it.measure] === undefined;
        const text = isMissing ? "…" : it.format(value);
        return (
          <li key={it.id} class="tile" title={it.title}>
            <h2>{it.label}</h2>
            {calls && value !== null
              ? <a class="tile-value" href={callsAddress(query, calls)} aria-label={`${it.label}: ${text}. Show these calls`}>{text}</a>
              : <span class="tile-value">{text}</span>}
            <Spark values={coarse(trend, it)} />
            <p class="tile-foot">
              {moved && <span class={moved.isBetter === null ? "delta" : moved.isBetter ? "delta is-better" : "delta is-worse"}>{moved.text}<span class="visually-hidden">{moved.isBetter === null ? "" : moved.isBetter ? ", better than before" : ", worse than before"}</span></span>}
              <span>{!isMissing && it.about(row)}</span>
            </p>
          </li>
        );
      })}
    </ul>
  );
}

const POINTS = 28;

/** Few enough points to show a shape: means by calls, of intervals that stand together. */
function coarse(rows: StatisticsRow[], shown: Shown): (number | null)[] {
  const size = Math.max(1, Math.ceil(rows.length / POINTS));
  const points: (number | null)[] = [];
  for (let at = 0; at < rows.length; at += size) {
    const known = rows.slice(at, at + size).flatMap((row) => {
      const value = shown.read(row);
      return value === null ? [] : [{ value, weight: shown.id === "calls" ? 1 : row.calls }];
    });
    const weight = known.reduce((sum, it) => sum + it.weight, 0);
    points.push(weight > 0 ? known.reduce((sum, it) => sum + it.value * it.weight, 0) / weight : null);
  }
  return points;
}
