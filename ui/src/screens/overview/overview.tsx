// How calls went, and where to look.

import { useMemo } from "preact/hooks";

import { measures, statistics } from "../../api/calls";
import { useLoad } from "../../api/load";
import type { Statistics, StatisticsRow } from "../../api/answers";
import { place, setQuery } from "../../app/router";
import { apiQuery, callsAddress, selectionKey } from "../../model/filters";
import { count, time } from "../../model/format";
import { FIRST_MEASURES } from "../../model/measures";
import { browserZone, intervalFor, lengthOf, relativeSeconds } from "../../model/range";
import { isAdmin } from "../../app/session";
import { RangePicker } from "../../parts/range";
import { Empty, Failed, Waiting } from "../../parts/states";
import { Firing } from "../alerts/firing";
import { FilterBar } from "../calls/chips";
import { Breakdowns } from "./breakdowns";
import { Coverage } from "./coverage";
import { Routes } from "./routes";
import { Running } from "./running";
import { Tiles } from "./tiles";
import { Trend } from "./trend";

export function Overview() {
  const query = place.value.query;
  const key = selectionKey(query);
  const asked = useMemo(() => apiQuery(query), [key]);
  const isCompared = query.get("compare") !== "off";
  const start = asked.get("StartTime") ?? "4w";
  const interval = intervalFor(lengthOf(start, asked.get("EndTime")));
  const previous = String(isCompared);
  const isMoving = relativeSeconds(start) !== null && !asked.has("EndTime");
  const every = isMoving ? 20_000 : undefined;

  const totals = useLoad<Statistics & { isFirst?: boolean }>(`${key}|${previous}`, async (signal, show) => {
    show?.({ ...(await statistics(asked, { Previous: previous, Measures: FIRST_MEASURES }, signal)), isFirst: true });
    return measures(asked, { Previous: previous }, signal);
  }, { every });
  // All else waits for the numbers, which it would delay.
  const isWhole = totals.data !== null && !totals.data.isFirst;
  const trend = useLoad(isWhole ? `${key}|${previous}|${interval}` : null, (signal) =>
    measures(asked, { Previous: previous, Interval: interval, TimeZone: browserZone() }, signal), { every });

  const row = totals.data?.statistics[0] ?? null;
  const meta = totals.data?.meta;
  const compare = (isOn: boolean) => {
    const next = new URLSearchParams(query);
    if (isOn) next.delete("compare");
    else next.set("compare", "off");
    setQuery(next, { replace: true });
  };

  return (
    <div class="overview">
      <header class="screen-head">
        <h1>Overview</h1>
        {!asked.has("EndTime") && <Running query={query} />}
        <div class="head-tools">
          <RangePicker query={query} onChange={setQuery} />
          <label class="switch"><input type="checkbox" checked={isCompared} onChange={(event) => compare(event.currentTarget.checked)} /> Compare with before</label>
          <span class="quiet only-wide">{meta && `${time(meta.start_time)} – ${isMoving ? "now" : time(meta.end_time)}`}</span>
        </div>
        <FilterBar query={query} />
      </header>
      <Firing />
      {totals.error && <Failed error={totals.error} retry={totals.reload} />}
      {!totals.data && !totals.error && <Waiting what="Counting calls" />}
      {totals.data && !row && <NoCalls query={query} />}
      {row && (
        <>
          <Tiles row={row} trend={trend.data?.statistics ?? []} query={query} isCompared={isCompared} isComing={!isWhole && totals.isLoading} />
          {isWhole ? (
            <>
              <Coverage row={row} query={query} asked={asked} />
              <Trend loaded={trend} interval={interval} query={query} isCompared={isCompared} every={every} />
              <Routes asked={asked} all={row} query={query} every={every} />
              <Breakdowns asked={asked} total={row.calls} query={query} every={every} />
              <p class="quiet foot">{footNote(row, totals.data!.meta as Record<string, unknown>)}</p>
            </>
          ) : totals.isLoading && <Waiting what="Counting the rest" />}
        </>
      )}
    </div>
  );
}

function footNote(row: StatisticsRow, meta: Record<string, unknown>): string {
  const error = meta["relative_error"];
  const exact = `${count(row.calls)} calls, counted exactly as they are now`;
  return meta["exact"] === false && typeof error === "number" ? `${exact}; percentiles are off by ${(error * 100).toFixed(1)} % of themselves at most.` : `${exact}.`;
}

function NoCalls({ query }: { query: URLSearchParams }) {
  const isNarrowed = [...query.keys()].some((name) => /^[A-Z]/.test(name));
  return (
    <Empty title="No calls here">
      {isNarrowed
        ? <p>No call in this time fits. <a href="/">Show the last 7 days without filters</a>, or <a href={callsAddress(new URLSearchParams(), { StartTime: "90d" })}>all calls of 90 days</a>.</p>
        : <p>No call has come in the last 7 days. <a href={callsAddress(new URLSearchParams(), { StartTime: "90d" })}>Look at 90 days</a>{isAdmin.value && <>, or <a href="/setup">connect a source of calls</a></>}.</p>}
    </Empty>
  );
}
