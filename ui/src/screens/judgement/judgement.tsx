// What people say of calls, and how it fits what machines measured.

import { useMemo } from "preact/hooks";

import { statistics } from "../../api/calls";
import { get } from "../../api/client";
import { useLoad } from "../../api/load";
import type { Agreement } from "../../api/answers";
import { place, setQuery } from "../../app/router";
import { apiQuery, callsAddress, selectionKey } from "../../model/filters";
import { count, percent } from "../../model/format";
import { browserZone, intervalFor, lengthOf } from "../../model/range";
import { RangePicker } from "../../parts/range";
import { Empty, Failed, Waiting } from "../../parts/states";
import { FilterBar } from "../calls/chips";
import { Detection } from "./detection";
import { Scores } from "./scores";
import { Spam } from "./spam";
import { TagScores } from "./tags";
import { Variants } from "./variants";

export type Said = Agreement["agreement"];

export function Judgement() {
  const query = place.value.query;
  const key = selectionKey(query);
  const asked = useMemo(() => apiQuery(query), [key]);
  const variant = query.get("variant") === "Incident" ? "Incident" : "Comment";
  const interval = intervalFor(4 * lengthOf(asked.get("StartTime") ?? "4w", asked.get("EndTime")));

  const totals = useLoad(key, (signal) => statistics(asked, { Measures: "calls,annotated,call_score,spam" }, signal));
  const trend = useLoad(`${key}|${interval}`, (signal) => statistics(asked, { Measures: "calls,call_score", Interval: interval, TimeZone: browserZone() }, signal));
  const agreement = useLoad(`${key}|${variant}`, (signal) => {
    const more = new URLSearchParams(asked);
    more.set("Variant", variant);
    more.set("Limit", "12");
    return get<Agreement>("/v1/Voice/Statistics/Agreement", more, signal);
  });

  const row = totals.data?.statistics[0] as (Record<string, unknown> & { calls: number }) | undefined;
  const share = typeof row?.["annotated"] === "number" ? row["annotated"] : null;
  const said = agreement.data?.agreement;
  return (
    <div class="judgement">
      <header class="screen-head">
        <h1>Judgement</h1>
        {row && share !== null && (
          <p class="total"><a href={callsAddress(query, { Annotated: "true" })}>{count(Math.round((share / 100) * row.calls))} of {count(row.calls)} calls</a> were annotated ({percent(share)})</p>
        )}
        <div class="head-tools"><RangePicker query={query} onChange={setQuery} /></div>
        <FilterBar query={query} />
      </header>
      {totals.error && <Failed error={totals.error} retry={totals.reload} />}
      {!totals.data && !totals.error && <Waiting what="Counting judgements" />}
      {totals.data && (!row || share === 0) && (
        <Empty title="Nobody has judged a call here">
          <p>Open a call and give it a score, or select several in the <a href={callsAddress(query)}>list of calls</a>. Here you then see whether people and machines agree.</p>
        </Empty>
      )}
      {row && share !== 0 && (
        <>
          <Scores trend={trend} interval={interval} asked={asked} query={query} />
          {agreement.error && <Failed error={agreement.error} retry={agreement.reload} />}
          {said && (
            <div class="judgement-pair">
              <TagScores said={said} query={query} />
              <Detection said={said} query={query} />
            </div>
          )}
          {said && <Variants said={said} query={query} variant={variant} />}
          <Spam asked={asked} query={query} />
        </>
      )}
    </div>
  );
}
