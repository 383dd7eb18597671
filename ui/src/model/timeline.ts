// Samples and events of a call on one axis of time.

import { EDGES, type CallEvent, type EdgeName, type Metric } from "../api/answers";

export type Figure = "loss" | "jitter" | "rtt" | "mos";

export interface Line {
  edge: EdgeName;
  direction: "inbound" | "outbound" | "both";
  /** As many as there are times; null where nothing was measured. */
  values: (number | null)[];
}

export interface Samples {
  /** Seconds since 1970. */
  times: number[];
  lines: Record<Figure, Line[]>;
}

type Bag = Record<string, unknown>;

function read(interval: Bag, figure: Figure): number | null {
  const part = (name: string, of: string[]) => {
    const bag = interval[name] as Bag | null | undefined;
    for (const key of of) if (typeof bag?.[key] === "number") return bag[key];
    return null;
  };
  switch (figure) {
    case "loss": {
      const told = interval["packets_loss_percentage"];
      if (typeof told === "number") return told;
      const [received, lost] = [interval["packets_received"], interval["packets_lost"]];
      if (typeof lost !== "number" || typeof received !== "number" || received + lost <= 0) return null;
      return Math.max(0, (lost / (received + lost)) * 100);
    }
    case "jitter":
      return part("jitter", ["avg", "value", "max"]);
    case "rtt":
      return part("rtt", ["avg", "value"]);
    case "mos":
      return part("mos", ["avg", "value"]);
  }
}

export function samplesOf(metrics: Metric[]): Samples {
  const at = (it: Metric) => Date.parse(it.timestamp ?? "") / 1000;
  const times = [...new Set(metrics.map(at))].filter(Number.isFinite).sort((a, b) => a - b);
  const index = new Map(times.map((time, i) => [time, i]));
  const figures: Figure[] = ["loss", "jitter", "rtt", "mos"];
  const lines: Record<Figure, Line[]> = { loss: [], jitter: [], rtt: [], mos: [] };
  for (const figure of figures) {
    const found = new Map<string, Line>();
    for (const metric of metrics) {
      const edge = EDGES.find((name) => name === metric.edge);
      const i = index.get(at(metric));
      if (!edge || i === undefined) continue;
      const interval = (metric[edge] as { interval?: Bag } | null)?.interval;
      const value = interval ? read(interval, figure) : null;
      if (value === null) continue;
      const direction = metric.direction === "inbound" || metric.direction === "outbound" ? metric.direction : "both";
      const key = `${edge} ${direction}`;
      const line = found.get(key) ?? { edge, direction, values: times.map(() => null) };
      line.values[i] = value;
      found.set(key, line);
    }
    const place = (it: Line) => EDGES.indexOf(it.edge) * 2 + (it.direction === "outbound" ? 1 : 0);
    lines[figure] = [...found.values()].sort((a, b) => place(a) - place(b));
  }
  return { times, lines };
}

export interface Warning {
  name: string;
  edge: string | null;
  from: number;
  /** Null: it was never cleared. */
  to: number | null;
}

/** Warnings from when they were raised until they were cleared. */
export function warningsOf(events: CallEvent[]): Warning[] {
  const open = new Map<string, Warning>();
  const all: Warning[] = [];
  for (const it of events) {
    const raised = it.group?.endsWith("-warning-raised");
    if (!raised && !it.group?.endsWith("-warning-cleared")) continue;
    const direction = it.edge ? ((it as unknown as Record<string, Bag | null>)[it.edge]?.["direction"] as string | undefined) : undefined;
    const key = `${it.edge} ${direction ?? ""} ${it.name}`;
    const at = Date.parse(it.timestamp) / 1000;
    const running = open.get(key);
    if (raised && !running) {
      const warning: Warning = { name: it.name ?? "", edge: it.edge, from: at, to: null };
      open.set(key, warning);
      all.push(warning);
    } else if (!raised && running) {
      running.to = at;
      open.delete(key);
    }
  }
  return all;
}

export interface Mark {
  at: number;
  label: string;
  kind: "step" | "error" | "judgement" | "note";
}

/** What stands on the axis: steps of the call, errors, and what people did. */
export function marksOf(events: CallEvent[], annotated: string[]): Mark[] {
  const marks = events.flatMap((it): Mark[] => {
    const at = Date.parse(it.timestamp) / 1000;
    if (it.group === "call") return [{ at, label: (it.name ?? "").replace(/^call\./, ""), kind: "step" }];
    if (it.level === "ERROR") return [{ at, label: `${it.group} ${it.name}`, kind: "error" }];
    if (it.group === "feedback" && it.name === "received") return [{ at, label: "rated by the caller", kind: "judgement" }];
    if (it.group === "connection" && ["hold", "unhold", "muted", "unmuted", "reconnecting", "reconnected"].includes(it.name ?? "")) return [{ at, label: it.name!, kind: "note" }];
    if (it.group === "sip" && (it.name === "BYE" || it.name === "CANCEL")) return [{ at, label: it.name, kind: "note" }];
    return [];
  });
  for (const time of annotated) marks.push({ at: Date.parse(time) / 1000, label: "annotated", kind: "judgement" });
  // Both legs tell of the same step.
  return marks.filter((it, i) => marks.findIndex((other) => other.label === it.label && Math.abs(other.at - it.at) < 1) === i).sort((a, b) => a.at - b.at);
}
