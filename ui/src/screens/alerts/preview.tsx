// When a rule would have fired over the last 30 days.

import { useMemo, useState } from "preact/hooks";

import { preview, type Preview as Previewed } from "../../api/alerts";
import { ApiError } from "../../api/client";
import { useLoad } from "../../api/load";
import { fullTime, plural, spelledDuration, time } from "../../model/format";
import { INTERVAL_SECONDS } from "../../model/range";
import { callsOfDraft, groupLabel, previewOf, splitMeasure, valueIn, type Draft } from "../../model/rule";
import { Chart, type Series } from "../../parts/chart";
import { Failed, Waiting } from "../../parts/states";
import { Listed } from "../../parts/table";

/** Of the latest times. */
const SHOWN = 10;

export function Preview({ draft }: { draft: Draft }) {
  const asked = previewOf(draft)?.toString() ?? null;
  const loaded = useLoad(asked, (signal) => preview(new URLSearchParams(asked!), signal));
  const told = asked === null ? null : loaded.data;
  return (
    <div class="preview">
      <section class="card" aria-label="When it would have fired">
        <header class="card-head"><h2>The last 30 days</h2><p class="quiet">{told && loaded.isLoading ? "counting…" : told ? "counted where calls started" : "when it would have fired"}</p></header>
        {asked === null && <p class="quiet">Choose what is watched, and a limit.</p>}
        {asked !== null && loaded.error && (isRefused(loaded.error) ? <Failed error={loaded.error} isCalm /> : <Failed error={loaded.error} retry={loaded.reload} />)}
        {asked !== null && !told && !loaded.error && <Waiting what="Counting 30 days" />}
        {told && <Picture told={told} draft={draft} />}
      </section>
      {told && told.alerts.length > 0 && <Times told={told} draft={draft} />}
    </div>
  );
}

/** It would not be otherwise the next time. */
const isRefused = (error: Error) => error instanceof ApiError && error.status === 400;

type Would = Previewed["alerts"][number];
type Point = [at: string, value: number | null, calls: number];

function Picture({ told, draft }: { told: Previewed; draft: Draft }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const groups = useMemo(() => byAlerts(told), [told]);
  const shown = groups.find((it) => it.group === chosen) ?? groups[0];
  const limit = Number(draft.limit);
  const step = INTERVAL_SECONDS[told.interval];
  const [measured, part] = splitMeasure(draft.measure);
  const label = `${measured?.label ?? draft.measure}${part ? `, ${part}` : ""}`;
  const { times, series, spans } = useMemo(() => picture(label, shown?.points ?? [], shown?.alerts ?? [], step), [label, shown, step]);
  const isGrouped = draft.groupBy !== "";
  const fired = groups.filter((it) => it.alerts.length > 0).length;
  const total = told.alerts.length;
  // A server that has run for a week has no more than that to show.
  const known = Math.min(...groups.flatMap((it) => (it.points[0] ? [Date.parse(it.points[0][0])] : [])));
  const begin = Math.max(Date.parse(told.from), Number.isFinite(known) ? known - 12 * step * 1000 : 0);
  const format = (value: number) => valueIn(told.unit, value);
  return (
    <>
      <p class="preview-sum" role="status">
        {total === 0 ? "It would not have fired." : <>It would have fired <b>{plural(total, "time")}</b>{isGrouped && `, for ${fired} of ${plural(groups.length, "group")}`}.</>}
        {groups.length === 0 && " No calls of these groups are known."}
      </p>
      {shown && groups.length > 1 && (
        <label class="field-label">{groupLabel(draft.groupBy)}
          <select class="select" value={shown.group ?? ""} onChange={(event) => setChosen(event.currentTarget.value)}>
            {groups.map((it) => <option key={it.group ?? ""} value={it.group ?? ""}>{it.group ?? "all"}{it.alerts.length > 0 && ` (${plural(it.alerts.length, "time")})`}</option>)}
          </select>
        </label>
      )}
      {shown && (
        <Chart name={`${label}${shown.group ? ` of ${shown.group}` : ""} over 30 days, and the limit`}
          times={times} series={series} spans={spans} limit={limit} height={240}
          min={measured?.id === "mos" || measured?.id === "call_score" ? 1 : undefined}
          format={format} tick={(value) => (value === 0 ? "0" : format(value))} timeLabel={(at) => minute(new Date(at * 1000).toISOString())}
          xRange={[begin / 1000, Date.parse(told.until) / 1000]}
          link={(index) => callsOfDraft(draft, shown.group, times[index]! * 1000, (times[index]! + step) * 1000)} />
      )}
      {shown && <p class="quiet">One value each {told.interval.replace("_", " ")}; dashed the limit, shaded while it would have fired.{begin > Date.parse(told.from) + step * 1000 && " No calls are known from before."}{told.unit === "%" && " A share counts by its near bound, so few calls prove little."}</p>}
    </>
  );
}

function Times({ told, draft }: { told: Previewed; draft: Draft }) {
  const total = told.alerts.length;
  const isGrouped = draft.groupBy !== "";
  return (
    <Listed title="When" note={total > SHOWN ? `the latest ${SHOWN} of ${total}` : ""} loaded={{ data: told, error: null, isLoading: false, reload: () => {} }} rows={told.alerts.slice(0, SHOWN)} empty=""
      head={["From", "Lasted", ...(isGrouped ? [groupLabel(draft.groupBy)] : []), ["Worst", "num"], ["", "num"]]}
      row={(it) => {
        const from = minute(it.from);
        const href = callsOfDraft(draft, it.group, Date.parse(it.from), Date.parse(it.until));
        return (
          <tr key={`${it.from}${it.group}`}>
            <th scope="row" title={fullTime(it.from)}>{from}</th><td>{spelledDuration((Date.parse(it.until) - Date.parse(it.from)) / 1000)}</td>
            {isGrouped && <td>{it.group ?? "all"}</td>}
            <td class="num">{valueIn(told.unit, it.worst)}</td>
            <td class="num">{href && <a class="link" href={href} aria-label={`${plural(it.calls, "call")} from ${from}${it.group ? ` of ${it.group}` : ""}`}>Calls</a>}</td>
          </tr>
        );
      }} />
  );
}

const minute = (iso: string) => time(iso).replace(/:\d\d$/, "");

interface Group {
  group: string | null;
  points: Point[];
  alerts: Would[];
}

/** Groups, those first for which it would have fired most. */
function byAlerts(told: Previewed): Group[] {
  const groups = told.values.map((it): Group => ({ group: it.group, points: it.points as Point[], alerts: told.alerts.filter((would) => would.group === it.group) }));
  return groups.sort((a, b) => b.alerts.length - a.alerts.length || b.points.length - a.points.length);
}

/** Between values that are not next to each other nothing is known, and no line is drawn. */
function picture(label: string, points: Point[], alerts: Would[], step: number) {
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (const [iso, value] of points) {
    const at = Date.parse(iso) / 1000;
    const last = times.at(-1);
    // A day may have an hour more.
    if (last !== undefined && at - last > step * 1.1) {
      times.push(last + step);
      values.push(null);
    }
    times.push(at);
    values.push(value);
  }
  const series: Series[] = [{ label, values, color: "--accent" }];
  const spans = alerts.map((it) => ({ from: Date.parse(it.from) / 1000, to: Date.parse(it.until) / 1000, color: "--bad-soft" }));
  return { times, series, spans };
}
