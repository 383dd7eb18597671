// How the sound was over time, with what happened meanwhile on the same axis.

import { useMemo } from "preact/hooks";

import { get } from "../../api/client";
import { useLoad } from "../../api/load";
import type { AnnotationChange, CallEvent, CallSummary, Metric } from "../../api/answers";
import { measure, milliseconds, percent } from "../../model/format";
import { marksOf, samplesOf, warningsOf, type Figure, type Line, type Mark, type Warning } from "../../model/timeline";
import { word } from "../../model/words";
import { Chart, type Series } from "../../parts/chart";
import { Failed, Waiting } from "../../parts/states";
import { isRunning } from "../calls/columns";

const FIGURES: { id: Figure; label: string; min: number; max?: number; reach?: number; format: (value: number) => string; tick: (value: number) => string }[] = [
  { id: "loss", label: "Packet loss", min: 0, reach: 2, format: (value) => percent(value, 1), tick: (value) => `${value} %` },
  { id: "jitter", label: "Jitter", min: 0, reach: 35, format: milliseconds, tick: (value) => `${value} ms` },
  { id: "rtt", label: "Round trip", min: 0, reach: 100, format: milliseconds, tick: (value) => `${value} ms` },
  { id: "mos", label: "MOS", min: 1, max: 5, format: (value) => measure(value, "", 2), tick: String },
];
const WARNINGS: Record<Figure, string[]> = { loss: ["high-packet-loss", "high-packets-lost-fraction"], jitter: ["high-jitter"], rtt: ["high-rtt"], mos: ["low-mos"] };
const COLORS = ["--line-1", "--line-2", "--line-3", "--line-4"];

export function Timeline({ call }: { call: CallSummary }) {
  const sid = call.call_sid;
  const version = `${sid}|${call.processing_version}|${isRunning(call)}`;
  const all = new URLSearchParams({ PageSize: "1000" });
  const metrics = useLoad(version, (signal) => get<{ metrics: Metric[] }>(`/v1/Voice/${sid}/Metrics`, all, signal));
  const events = useLoad(version, (signal) => get<{ events: CallEvent[] }>(`/v1/Voice/${sid}/Events`, all, signal));
  const history = useLoad(`${sid}|${JSON.stringify(call.annotation)}`, (signal) => get<{ history: AnnotationChange[] }>(`/v1/Voice/${sid}/Annotation/History`, undefined, signal));

  const samples = useMemo(() => samplesOf(metrics.data?.metrics ?? []), [metrics.data]);
  const warnings = useMemo(() => warningsOf(events.data?.events ?? []), [events.data]);
  const marks = useMemo(() => marksOf(events.data?.events ?? [], (history.data?.history ?? []).map((it) => it.time)), [events.data, history.data]);

  const failed = metrics.error ?? events.error;
  if (failed && !metrics.data) return <section class="card"><header class="card-head"><h2>Over time</h2></header><Failed error={failed} retry={() => { metrics.reload(); events.reload(); }} /></section>;
  if (!metrics.data || !events.data) return <section class="card"><header class="card-head"><h2>Over time</h2></header><Waiting /></section>;

  const start = Date.parse(call.start_time ?? call.created_time ?? "") / 1000;
  const end = call.end_time ? Date.parse(call.end_time) / 1000 : Math.max(samples.times.at(-1) ?? 0, Date.now() / 1000);
  const range: [number, number] = [start, Math.max(end, samples.times.at(-1) ?? 0, start + 1)];
  const shown = FIGURES.filter((it) => samples.lines[it.id].length > 0);
  return (
    <section class="card timeline" aria-label="Over time">
      <header class="card-head"><h2>Over time</h2>{warnings.length > 0 && <p class="quiet">shaded: while a quality warning was raised</p>}</header>
      <Lane marks={marks} warnings={warnings} range={range} />
      {shown.length === 0 && <p class="quiet">No samples: nothing was measured while it ran, or the raw events are older than they are kept.</p>}
      {shown.map((it, i) => (
        <Chart
          key={it.id} name={it.label} title={it.label} times={samples.times} series={seriesOf(samples.lines[it.id])}
          height={i === shown.length - 1 ? 124 : 100} xAxis={i === shown.length - 1}
          format={it.format} tick={it.tick} min={it.min} max={it.max} reach={it.reach} limit={limitOf(call, it.id)}
          timeLabel={(at) => clock(at, start)} xRange={range} sync={sid}
          spans={warnings.filter((warning) => concerns(warning, it.id)).map((warning) => ({ from: warning.from, to: warning.to ?? range[1], color: "--bad-soft" }))}
        />
      ))}
    </section>
  );
}

/** Above, or below it for a MOS, a stream is warned of. */
function limitOf(call: CallSummary, figure: Figure): number | undefined {
  return call.tag_reasons?.warnings?.find((it) => WARNINGS[figure].includes(it.name))?.limit;
}

function concerns(warning: Warning, figure: Figure): boolean {
  return WARNINGS[figure].includes(warning.name);
}

/** One colour for each edge, dashes for what goes out: so a stream is the same in every chart. */
function seriesOf(lines: Line[]): Series[] {
  const order = ["carrier_edge", "sip_edge", "client_edge", "sdk_edge"];
  return lines.map((it) => ({
    label: `${word(it.edge)}${it.direction === "both" ? "" : it.direction === "inbound" ? " in" : " out"}`,
    values: it.values,
    color: COLORS[order.indexOf(it.edge)] ?? "--line-1",
    ...(it.direction === "outbound" ? { dash: [5, 3] } : {}),
  }));
}

function clock(at: number, start: number): string {
  const since = Math.max(0, Math.round(at - start));
  return `${new Date(at * 1000).toLocaleTimeString("en-GB")} (+${Math.floor(since / 60)}:${String(since % 60).padStart(2, "0")})`;
}

/** Steps and warnings, on the same axis as the charts below. */
function Lane({ marks, warnings, range }: { marks: Mark[]; warnings: Warning[]; range: [number, number] }) {
  const share = (at: number) => Math.max(0, Math.min(100, ((at - range[0]) / (range[1] - range[0])) * 100));
  const inside = marks.filter((it) => it.at <= range[1] + 1);
  const after = marks.filter((it) => it.at > range[1] + 1);
  // Labels that would lie on each other go a row lower.
  let rows: number[] = [];
  const placed = inside.map((it) => {
    const at = share(it.at);
    let row = rows.findIndex((last) => at - last > 13);
    if (row < 0) row = rows.length;
    rows = [...rows.slice(0, row), at, ...rows.slice(row + 1)];
    return { ...it, left: at, row };
  });
  return (
    <div class="lane-box">
      <ol class="lane" style={{ height: `${Math.max(1, rows.length) * 18 + 8}px` }} aria-label="What happened">
        {placed.map((it, i) => (
          <li key={i} class={`mark is-${it.kind}${it.left > 80 ? " is-end" : ""}`} style={{ left: `${it.left}%`, top: `${it.row * 18}px` }} title={clock(it.at, range[0])}>
            <span>{it.label}</span>
          </li>
        ))}
      </ol>
      {warnings.length > 0 && (
        <ul class="warning-lane" aria-label="Quality warnings">
          {warnings.map((it, i) => {
            const left = share(it.from);
            const end = Math.max(left + 0.6, share(it.to ?? range[1]));
            const where = end <= 55 ? "is-after" : left >= 45 ? "is-before" : "is-inside";
            return (
              <li key={i} title={`${it.name} at ${it.edge ?? "the call"}: ${clock(it.from, range[0])} to ${it.to ? clock(it.to, range[0]) : "the end"}`}>
                <span class={`warning-bar ${where}`} style={{ left: `${left}%`, width: `${end - left}%` }} />
                <span class={`warning-name ${where}`} style={where === "is-before" ? { right: `${100 - left}%` } : { left: `${where === "is-after" ? end : left}%` }}>{it.name.replaceAll("-", " ")}</span>
              </li>
            );
          })}
        </ul>
      )}
      {after.length > 0 && <p class="quiet after">Afterwards: {after.map((it) => it.label).join(", ")}</p>}
    </div>
  );
}
