// Values over time, by uPlot: drawn on a canvas in the theme's colours, with a table for those who do not see it.

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { go } from "../app/router";
import { repaint } from "../app/theme";

export interface Series {
  label: string;
  values: (number | null)[];
  /** A custom property: `--accent`. */
  color: string;
  dash?: number[];
  isBars?: boolean;
  isFilled?: boolean;
  isFaint?: boolean;
}

export interface Span {
  from: number;
  to: number;
  color: string;
}

export interface ChartProps {
  /** What it shows, for those who do not see it. */
  name: string;
  title?: string;
  /** Seconds since 1970, ascending. */
  times: number[];
  series: Series[];
  height?: number;
  format: (value: number) => string;
  /** Of the axis; else as `format`. */
  tick?: (value: number) => string;
  timeLabel: (seconds: number) => string;
  min?: number;
  max?: number;
  /** The least that the axis reaches to, so that small noise does not look like mountains. */
  reach?: number;
  /** A limit, drawn as a dashed line. */
  limit?: number;
  spans?: Span[];
  xRange?: [number, number];
  sync?: string;
  /** Called with seconds when somebody drags over the chart. */
  onSelect?: (from: number, to: number) => void;
  /** Where a click on a point leads. */
  link?: (index: number) => string | null;
  xAxis?: boolean;
}

export function Chart(props: ChartProps) {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const paint = repaint.value;
  const shape = props.series.map((it) => it.label + it.color + (it.isBars ? "b" : "")).join() + props.height + props.limit;

  useEffect(() => {
    const element = root.current!;
    const made = new uPlot(optionsFor(element, latest, setAt), dataOf(latest.current), element);
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: latest.current.height ?? 140 }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, paint]);

  useEffect(() => plot.current?.setData(dataOf(props)), [props.times, props.series, props.spans, props.xRange?.[0], props.xRange?.[1]]);

  const shown = at ?? null;
  return (
    <figure class={props.link ? "chart is-linked" : "chart"} aria-label={props.name}>
      <div class="chart-legend" aria-hidden="true">
        {props.title && <b class="chart-title">{props.title}</b>}
        <span class="chart-time">{shown !== null && props.times[shown] !== undefined ? props.timeLabel(props.times[shown]!) : ""}</span>
        {props.series.map((it) => {
          const value = shown === null ? null : it.values[shown];
          return (
            <span key={it.label} class="legend-item">
              <Swatch series={it} />
              {it.label}
              {shown !== null && <b>{value == null ? "–" : props.format(value)}</b>}
            </span>
          );
        })}
      </div>
      <div ref={root} class="chart-plot" aria-hidden="true" />
      <div class="visually-hidden"><table>
        <caption>{props.name}</caption>
        <thead>
          <tr><th scope="col">Time</th>{props.series.map((it) => <th key={it.label} scope="col">{it.label}</th>)}</tr>
        </thead>
        <tbody>
          {props.times.slice(-60).map((time, i) => {
            const row = i + Math.max(0, props.times.length - 60);
            return (
              <tr key={time}>
                <th scope="row">{props.timeLabel(time)}</th>
                {props.series.map((it) => <td key={it.label}>{it.values[row] == null ? "not known" : props.format(it.values[row]!)}</td>)}
              </tr>
            );
          })}
        </tbody>
      </table></div>
    </figure>
  );
}

function Swatch({ series }: { series: Series }) {
  return (
    <svg class="swatch" width="16" height="8" viewBox="0 0 16 8" aria-hidden="true">
      {series.isBars
        ? <rect x="3" y="0" width="10" height="8" fill={`var(${series.color})`} />
        : <line x1="0" y1="4" x2="16" y2="4" stroke={`var(${series.color})`} stroke-width="2" stroke-dasharray={series.dash?.join(" ")} opacity={series.isFaint ? 0.6 : 1} />}
    </svg>
  );
}

function dataOf(props: ChartProps): uPlot.AlignedData {
  return [props.times, ...props.series.map((it) => it.values)] as uPlot.AlignedData;
}

function optionsFor(element: HTMLElement, latest: { current: ChartProps }, setAt: (index: number | null) => void): uPlot.Options {
  const props = latest.current;
  const color = painter(element);
  const [ink, line] = [color("--ink-3"), color("--line")];
  const font = "11px system-ui, sans-serif";
  // The end of a drag is a click too.
  let isDragged = false;
  const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const options: uPlot.Options = {
    width: element.clientWidth || 300,
    height: props.height ?? 140,
    padding: [8, 22, props.xAxis === false ? 8 : 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: props.onSelect !== undefined, y: false, setScale: false },
      ...(props.sync ? { sync: { key: props.sync } } : {}),
    },
    scales: {
      x: { time: true, range: (_u, min, max) => latest.current.xRange ?? [min, max === min ? max + 60 : max] },
      y: {
        range: (_u, min, max) => {
          const it = latest.current;
          const top = it.max ?? Math.max(max ?? 0, it.reach ?? 0, it.limit ?? 0) * 1.08;
          return [it.min ?? Math.min(0, min ?? 0), top || 1];
        },
      },
    },
    axes: [
      { ...axis, show: props.xAxis !== false, size: 28, gap: 8, grid: { show: false }, space: 70, values: timeTicks },
      { ...axis, size: 48, gap: 6, space: 28, values: (_u, values) => values.map((it) => (props.tick ?? props.format)(it)) },
    ],
    series: [
      {},
      ...props.series.map((it): uPlot.Series => {
        const stroke = color(it.color);
        const drawn: uPlot.Series = {
          label: it.label,
          stroke,
          width: it.isBars ? 0 : 1.75,
          alpha: it.isFaint ? 0.6 : 1,
          points: it.isBars ? { show: false } : { show: true, filter: (u, index) => lonePoints(u, index) },
        };
        if (it.dash) drawn.dash = it.dash;
        if (it.isBars) {
          drawn.fill = stroke;
          drawn.paths = uPlot.paths.bars!({ size: [0.72, 40], align: 1 });
        } else if (it.isFilled) drawn.fill = color(`${it.color}-soft`);
        return drawn;
      }),
    ],
    hooks: {
      setCursor: [(u) => setAt(u.cursor.idx ?? null)],
      ready: [
        (u) => {
          u.over.addEventListener("click", () => {
            const index = u.cursor.idx;
            const href = isDragged || index == null ? null : latest.current.link?.(index);
            isDragged = false;
            if (href) go(href);
          });
        },
      ],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width < 6) return;
          isDragged = true;
          latest.current.onSelect?.(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawClear: [
        (u) => {
          for (const span of latest.current.spans ?? []) {
            const [x0, x1] = [u.valToPos(span.from, "x", true), u.valToPos(span.to, "x", true)];
            u.ctx.fillStyle = color(span.color);
            u.ctx.fillRect(x0, u.bbox.top, Math.max(2, x1 - x0), u.bbox.height);
          }
        },
      ],
      draw: [
        (u) => {
          const limit = latest.current.limit;
          if (limit === undefined) return;
          const y = u.valToPos(limit, "y", true);
          if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) return;
          u.ctx.save();
          u.ctx.strokeStyle = color("--bad");
          u.ctx.globalAlpha = 0.55;
          u.ctx.lineWidth = devicePixelRatio;
          u.ctx.setLineDash([3 * devicePixelRatio, 4 * devicePixelRatio]);
          u.ctx.beginPath();
          u.ctx.moveTo(u.bbox.left, y);
          u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
          u.ctx.stroke();
          u.ctx.restore();
        },
      ],
    },
  };
  return options;
}

/** Few values are all marked; of many, those between two that are not known, which no line would show. */
function lonePoints(u: uPlot, series: number): number[] {
  const values = u.data[series] as (number | null)[];
  const known = values.flatMap((it, at) => (it == null ? [] : [at]));
  return known.length <= 24 ? known : known.filter((at) => values[at - 1] == null && values[at + 1] == null);
}

function timeTicks(_u: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  let day = "";
  return splits.map((seconds) => {
    const at = new Date(seconds * 1000);
    const date = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    if (step >= 86_400) return date;
    const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(step < 60 ? { second: "2-digit" } : {}) });
    const isNewDay = day !== "" && day !== date;
    day = date;
    return isNewDay ? date : time;
  });
}

/** Colours as the theme has them now: canvases know no custom properties. */
function painter(element: HTMLElement): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const had = known.get(name);
    if (had) return had;
    const probe = document.createElement("i");
    probe.hidden = true;
    probe.style.color = `var(${name})`;
    element.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    known.set(name, value);
    return value;
  };
}
