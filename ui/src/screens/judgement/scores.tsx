import { useMemo } from "preact/hooks";

import { statistics } from "../../api/calls";
import { useLoad, type Loaded } from "../../api/load";
import type { Statistics } from "../../api/answers";
import { place, setQuery } from "../../app/router";
import { callsAddress, filterOfDimension, literal } from "../../model/filters";
import { count, percent } from "../../model/format";
import type { Interval } from "../../model/range";
import { badShare, readScores } from "../../model/scores";
import { Chart } from "../../parts/chart";
import { Failed, Waiting } from "../../parts/states";
import { labelOf } from "../overview/breakdowns";
import { Steps } from "./steps";

const ALL = ["1", "2", "3", "4", "5"];
const GROUPS = [
  { id: "ToCarrier", label: "Carrier, called" },
  { id: "FromCarrier", label: "Carrier, calling" },
  { id: "Tag", label: "Tag" },
  { id: "ToCountryCode", label: "Country" },
  { id: "Codec", label: "Codec" },
  { id: "Direction", label: "Direction" },
  { id: "CallType", label: "Type" },
  { id: "UserAgent", label: "User agent" },
  { id: "Edge", label: "Edge" },
];

/** Scores over time, and by what calls differ in. */
export function Scores({ trend, interval, asked, query }: { trend: Loaded<Statistics>; interval: Interval; asked: URLSearchParams; query: URLSearchParams }) {
  const group = GROUPS.find((it) => it.id === query.get("scores")) ?? GROUPS[0]!;
  const groups = useLoad(`${asked}|${group.id}`, (signal) => {
    // Only what was scored: groups of a thousand others would crowd them out.
    const scored = new URLSearchParams(asked);
    if (!scored.has("CallScoreAnnotation")) for (const value of ALL) scored.append("CallScoreAnnotation", value);
    return statistics(scored, { GroupBy: group.id, Measures: "calls,call_score", OrderBy: "call_score", Limit: "200" }, signal);
  });
  const points = useMemo(() => (trend.data?.statistics ?? []).flatMap((it) => {
    const scores = readScores((it as unknown as Record<string, unknown>)["call_score"]);
    return scores && it.interval_start ? [{ at: Date.parse(it.interval_start) / 1000, scores }] : [];
  }), [trend.data]);
  const times = useMemo(() => points.map((it) => it.at), [points]);
  const series = useMemo(() => [
    { label: "Mean score", values: points.map((it) => it.scores.avg), color: "--accent" },
  ], [points]);
  const rows = (groups.data?.statistics ?? []).flatMap((it) => {
    const scores = readScores((it as unknown as Record<string, unknown>)["call_score"]);
    const value = (it.group as Record<string, unknown>)[group.id];
    return scores && value != null ? [{ value: String(value), scores }] : [];
  });
  // Two calls are no pattern.
  const enough = rows.filter((it) => it.scores.calls >= 5).slice(0, 10);
  const shown = enough.length > 0 ? enough : rows.slice(0, 10);
  const choose = (id: string) => {
    const next = new URLSearchParams(place.value.query);
    next.set("scores", id);
    setQuery(next, { replace: true });
  };
  return (
    <div class="judgement-pair">
      <section class="card" aria-label="Score over time">
        <header class="card-head"><h2>Score over time</h2></header>
        {trend.error && !trend.data && <Failed error={trend.error} retry={trend.reload} />}
        {!trend.data && !trend.error && <Waiting />}
        {trend.data && points.length < 2 && <p class="quiet">Too few scores in this time for a line.</p>}
        {points.length >= 2 && (
          <Chart name="Mean score over time" times={times} series={series} height={230} min={1} max={5}
            format={(value) => value.toFixed(2)} tick={String}
            timeLabel={(at) => {
              const point = points.find((it) => it.at === at);
              const day = new Date(at * 1000).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" });
              return `${interval === "week" ? "Week from " : ""}${day}, ${count(point?.scores.calls)} scores`;
            }} />
        )}
      </section>
      <section class="card" aria-label="Score by group">
        <header class="card-head">
          <h2>Lowest scores</h2>
          <select class="select" aria-label="Group by" value={group.id} onChange={(event) => choose(event.currentTarget.value)}>
            {GROUPS.map((it) => <option key={it.id} value={it.id}>{it.label}</option>)}
          </select>
        </header>
        {groups.error && !groups.data && <Failed error={groups.error} retry={groups.reload} />}
        {!groups.data && !groups.error && <Waiting />}
        {groups.data && shown.length === 0 && <p class="quiet">No scored call has any.</p>}
        {shown.length > 0 && (
          <div class="scroll-x">
            <table class="table is-compact">
              <thead><tr><th scope="col">{group.label}</th><th scope="col" class="num">Mean</th><th scope="col" class="num">1 or 2</th><th scope="col">Scores</th><th scope="col" class="num">Scored</th></tr></thead>
              <tbody>
                {shown.map((it) => {
                  const filter = filterOfDimension(group.id)!;
                  const link = (scores: string[]) => callsAddress(query, { [filter]: literal(it.value), CallScoreAnnotation: scores });
                  return (
                    <tr key={it.value}>
                      <th scope="row"><a href={callsAddress(query, { [filter]: literal(it.value) })}>{labelOf(group.id, it.value)}</a></th>
                      <td class="num" data-label="Mean">{it.scores.avg?.toFixed(2)}</td>
                      <td class="num" data-label="1 or 2"><a href={link(["1", "2"])}>{percent(badShare(it.scores), 0)}</a></td>
                      <td class="is-wide"><Steps scores={it.scores} /></td>
                      <td class="num" data-label="Scored"><a href={link(ALL)}>{count(it.scores.calls)}</a></td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </div>
  );
}
