import { statistics } from "../../api/calls";
import { useLoad } from "../../api/load";
import type { StatisticsRow } from "../../api/answers";
import { callsAddress } from "../../model/filters";
import { count, percent } from "../../model/format";
import { ANSWERED } from "../../model/measures";

/** How many calls were really measured: the others are not good, they are not known. */
export function Coverage({ row, query, asked }: { row: StatisticsRow; query: URLSearchParams; asked: URLSearchParams }) {
  const isAsked = asked.has("Measured");
  const blind = useLoad(isAsked ? null : `${asked}|${row.calls}`, (signal) => {
    const more = new URLSearchParams(asked);
    more.set("Measured", "false");
    return statistics(more, { GroupBy: "CallState", Measures: "calls" }, signal);
  });
  if (isAsked || !blind.data) return null;
  const groups = blind.data.statistics;
  const unmeasured = groups.reduce((sum, it) => sum + it.calls, 0);
  const answeredBlind = groups.filter((it) => ANSWERED.includes(String((it.group as Record<string, unknown>)["CallState"]))).reduce((sum, it) => sum + it.calls, 0);
  const measured = Math.max(0, row.calls - unmeasured);
  const parts: { label: string; calls: number; filter: Record<string, string | string[]>; kind: string }[] = [
    { label: "measured", calls: measured, filter: { Measured: "true" }, kind: "is-measured" },
    { label: "answered, but not measured", calls: answeredBlind, filter: { Measured: "false", CallState: ANSWERED }, kind: "is-blind" },
    { label: "never answered", calls: unmeasured - answeredBlind, filter: { Measured: "false", CallState: ["!completed", "!answered"] }, kind: "is-silent" },
  ];
  return (
    <section class="coverage" aria-label="Coverage">
      <h2>Coverage</h2>
      <div class="coverage-bar" aria-hidden="true">
        {parts.map((it) => it.calls > 0 && <span key={it.label} class={it.kind} style={{ flexGrow: it.calls }} />)}
      </div>
      <ul>
        {parts.map((it) => (
          <li key={it.label}>
            <i class={`dot ${it.kind}`} aria-hidden="true" />
            <a href={callsAddress(query, it.filter)}><b>{count(it.calls)}</b> {it.label}</a>
            <span class="quiet">{percent((it.calls / row.calls) * 100, 0)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
