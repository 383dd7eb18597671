import { useMemo } from "preact/hooks";

import { alerts, titleOf } from "../../api/alerts";
import { useLoad } from "../../api/load";
import type { Loaded } from "../../api/load";
import type { Statistics, StatisticsRow } from "../../api/answers";
import { place, setQuery } from "../../app/router";
import type { Mark } from "../../model/marks";
import { MEASURES } from "../../model/measures";
import { callsAddress, DEFAULT_RANGE } from "../../model/filters";
import { endOf, INTERVAL_SECONDS, isoSeconds, relativeSeconds, type Interval } from "../../model/range";
import { Chart, type Series } from "../../parts/chart";
import { Marks } from "../../parts/marks";
import { Failed, Waiting } from "../../parts/states";

/** The most alerts that are marked. */
const ALERTS = "500";

/** One measure over time, with the alerts that fired meanwhile. Dragging over it narrows the time. */
export function Trend({ loaded, interval, query, isCompared, every }: { loaded: Loaded<Statistics>; interval: Interval; query: URLSearchParams; isCompared: boolean; every: number | undefined }) {
  const shown = MEASURES.find((it) => it.id === query.get("trend")) ?? MEASURES[0]!;
  const choose = (id: string) => {
    const next = new URLSearchParams(place.value.query);
    next.set("trend", id);
    setQuery(next, { replace: true });
  };
  const rows = loaded.data?.statistics;
  const { times, series } = useMemo(() => {
    const filled = fill(rows ?? [], interval, shown.id === "calls");
    const now: Series = { label: "This time", values: filled.map((it) => (it.row ? shown.read(it.row) : shown.id === "calls" ? 0 : null)), color: "--accent", isBars: shown.id === "calls" };
    const past = filled.map((it) => {
      const before = (it.row as { previous?: StatisticsRow | null } | null)?.previous;
      return before ? shown.read(before) : null;
    });
    const all: Series[] = [now];
    if (isCompared && past.some((it) => it !== null)) all.push({ label: "Before", values: past, color: "--ink-3", dash: [4, 3], isFaint: true });
    return { times: filled.map((it) => it.at), series: all };
  }, [rows, shown.id, isCompared, interval]);

  const asked = Object.fromEntries(["StartTime", "EndTime", "Subaccount"].flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : [])));
  const during = { StartTime: DEFAULT_RANGE, ...asked, PageSize: ALERTS };
  const fired = useLoad(`fired ${JSON.stringify(during)}`, (signal) => alerts(during, signal), { every }).data;
  const marks = useMemo(() => (fired ?? []).flatMap((it): Mark[] => {
    if (it.fired_time === null) return [];
    const to = it.resolved_time ? Date.parse(it.resolved_time) : Date.now();
    return [{ from: Date.parse(it.fired_time) / 1000, to: to / 1000, label: titleOf(it), href: `/alerts/${it.sid}` }];
  }), [fired]);
  const spans = useMemo(() => marks.map((it) => ({ ...it, color: "--bad-soft" })), [marks]);
  // It may be that no calls came which fired.
  const last = Math.min(Math.max(...marks.map((it) => it.to)), Date.parse(loaded.data?.meta.end_time ?? "") / 1000);
  const xRange: [number, number] = [times[0] ?? 0, Math.max((times.at(-1) ?? 0) + (shown.id === "calls" ? INTERVAL_SECONDS[interval] : 0), Number.isFinite(last) ? last : 0)];

  return (
    <section class="card trend" aria-label="Trend">
      <header class="card-head">
        <h2>Trend</h2>
        <div class="segments" role="group" aria-label="Measure">
          {MEASURES.map((it) => (
            <button key={it.id} type="button" aria-pressed={it === shown} onClick={() => choose(it.id)}>{it.label.replace(/, .*/, "")}</button>
          ))}
        </div>
      </header>
      {loaded.error && !loaded.data && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting />}
      {times.length > 0 && (
        <Chart
          name={`${shown.label} by ${interval.replace("_", " ")}`}
          times={times} series={series} height={220}
          format={(value) => shown.format(value)} tick={shown.tick}
          xRange={xRange} spans={spans}
          min={shown.min ?? 0} max={shown.max} reach={shown.reach}
          timeLabel={(at) => label(at, interval)}
          link={(index) => linkOf(query, times[index]!, interval)}
          onSelect={(from, to) => {
            const next = new URLSearchParams(place.value.query);
            next.set("StartTime", isoSeconds(from * 1000));
            next.set("EndTime", isoSeconds(Math.min(to * 1000, Date.now())));
            setQuery(next);
          }}
        />
      )}
      {xRange[1] > xRange[0] && marks.length > 0 && (
        <Marks name="Alerts that fired" marks={marks} range={xRange} several={(from, to) => `/alerts?StartTime=${isoSeconds(from * 1000)}&EndTime=${isoSeconds(to * 1000 + 1000)}`} />
      )}
      <p class="quiet only-wide">{shown.title}. Click for the calls of an interval, drag to narrow the time.{marks.length > 0 && " Shaded while alerts fired."}</p>
    </section>
  );
}

/** The calls that began in an interval: those of the selection, and no others. */
function linkOf(query: URLSearchParams, at: number, interval: Interval): string {
  const start = query.get("StartTime") ?? DEFAULT_RANGE;
  const relative = relativeSeconds(start);
  const begin = relative === null ? Date.parse(start) : Date.now() - relative * 1000;
  return callsAddress(query, {
    StartTime: isoSeconds(Math.max(at * 1000, begin)),
    StartedBefore: isoSeconds(endOf(at, interval)),
  });
}

/** Intervals without calls have no row: they are nothing, and not what stands beside them. */
function fill(rows: StatisticsRow[], interval: Interval, isCount: boolean): { at: number; row: StatisticsRow | null }[] {
  const known = rows.filter((it) => it.interval_start).map((it) => ({ at: Date.parse(it.interval_start!) / 1000, row: it as StatisticsRow | null }));
  if (!isCount && known.length < 2) return known;
  const step = INTERVAL_SECONDS[interval];
  const filled: typeof known = [];
  for (const it of known) {
    const last = filled.at(-1);
    if (last && interval !== "day" && interval !== "week") {
      for (let at = last.at + step; at < it.at - step / 2 && filled.length < 10_000; at += step) filled.push({ at, row: null });
    }
    filled.push(it);
  }
  return filled;
}

function label(at: number, interval: Interval): string {
  const date = new Date(at * 1000);
  const day = date.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" });
  if (interval === "day") return day;
  if (interval === "week") return `Week from ${day}`;
  return `${day} ${date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}`;
}
