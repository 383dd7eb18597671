import { statistics } from "../../api/calls";
import { useLoad } from "../../api/load";
import type { StatisticsRow } from "../../api/answers";
import { place, setQuery } from "../../app/router";
import { callsAddress, filterOfDimension, literal } from "../../model/filters";
import { count, milliseconds, percent } from "../../model/format";
import { rankByImpact } from "../../model/impact";
import { spread } from "../../model/measures";
import { word } from "../../model/words";
import { Failed, Waiting } from "../../parts/states";

const WAYS: { id: string; label: string; groupBy: string }[] = [
  { id: "carrier", label: "Carrier and country", groupBy: "ToCarrier,ToCountryCode" },
  { id: "from", label: "Calling carrier", groupBy: "FromCarrier" },
  { id: "country", label: "Country", groupBy: "ToCountryCode" },
  { id: "agent", label: "User agent", groupBy: "UserAgent" },
  { id: "codec", label: "Codec", groupBy: "Codec" },
  { id: "edge", label: "Edge", groupBy: "Edge" },
];

/** What cost most calls: failures and findings beyond the share that all calls have. */
export function Routes({ asked, all, query, every }: { asked: URLSearchParams; all: StatisticsRow; query: URLSearchParams; every: number | undefined }) {
  const way = WAYS.find((it) => it.id === query.get("by")) ?? WAYS[0]!;
  const loaded = useLoad(`${asked}|${way.id}`, (signal) =>
    statistics(asked, { GroupBy: way.groupBy, Measures: "calls,network_effectiveness_ratio,tagged,answer_seizure_ratio,pdd,packet_loss", Limit: "200" }, signal), { every });
  const ranked = loaded.data ? rankByImpact(loaded.data.statistics, all).slice(0, 8) : [];
  const worst = Math.max(1, ...ranked.map((it) => it.calls));
  const choose = (id: string) => {
    const next = new URLSearchParams(place.value.query);
    next.set("by", id);
    setQuery(next, { replace: true });
  };
  const linkOf = (group: Record<string, unknown>, more: Record<string, string | string[]>) => {
    const filters: Record<string, string | string[]> = { ...more };
    for (const [dimension, value] of Object.entries(group)) {
      const name = filterOfDimension(dimension);
      if (!name || value === null) return null;
      filters[name] = literal(String(value));
    }
    return callsAddress(query, filters);
  };
  return (
    <section class="card routes" aria-label="Worst routes">
      <header class="card-head">
        <h2>What costs most calls</h2>
        <select class="select" aria-label="Compare by" value={way.id} onChange={(event) => choose(event.currentTarget.value)}>
          {WAYS.map((it) => <option key={it.id} value={it.id}>{it.label}</option>)}
        </select>
      </header>
      {loaded.error && !loaded.data && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting />}
      {loaded.data && ranked.length === 0 && <p class="quiet">None stands out: none fails or is tagged more often than all together.</p>}
      {ranked.length > 0 && (
        <div class="scroll-x">
          <table class="table is-compact">
            <thead>
              <tr>
                <th scope="col">{way.label}</th>
                <th scope="col" title="Calls that failed or were tagged beyond the share that all calls have">Impact</th>
                <th scope="col" class="num">Calls</th>
                <th scope="col" class="num" title="Calls with findings">Findings</th>
                <th scope="col" class="num" title="Network effectiveness ratio">NER</th>
                <th scope="col" class="num only-wide">Answered</th>
                <th scope="col" class="num only-wide">PDD, p95</th>
                <th scope="col" class="num only-wide">Loss, p95</th>
              </tr>
            </thead>
            <tbody>
              {ranked.map((it) => {
                const name = Object.values(it.group).map((value) => (value === null ? "not known" : word(String(value)))).join(" · ");
                const cell = (text: string, more: Record<string, string | string[]>) => {
                  const href = linkOf(it.group, more);
                  return href ? <a href={href}>{text}</a> : text;
                };
                const row = it.row as unknown as Record<string, number | null>;
                return (
                  <tr key={name}>
                    <th scope="row">{cell(name, {})}</th>
                    <td data-label="Impact">
                      <span class="impact" title={`${it.tagged.toFixed(0)} more with findings, ${it.failed.toFixed(0)} more failed than usual`}>
                        <span class="impact-bar" aria-hidden="true"><span style={{ width: `${(it.calls / worst) * 100}%` }} /></span>
                        <span>≈ {count(Math.max(1, Math.round(it.calls)))} calls</span>
                      </span>
                    </td>
                    <td class="num" data-label="Calls">{cell(count(it.row.calls), {})}</td>
                    <td class="num" data-label="Findings">{cell(percent(row["tagged"]), { HasTag: "true" })}</td>
                    <td class="num" data-label="NER">{cell(percent(row["network_effectiveness_ratio"]), { CallState: "fail" })}</td>
                    <td class="num only-wide">{percent(row["answer_seizure_ratio"])}</td>
                    <td class="num only-wide">{milliseconds(spread(it.row, "pdd")?.p95)}</td>
                    <td class="num only-wide">{percent(spread(it.row, "packet_loss")?.p95, 2)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
