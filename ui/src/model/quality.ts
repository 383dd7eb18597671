// The worst of what was measured of a call, for a row of a list.

import { EDGES, type CallSummary, type StreamMetrics } from "../api/answers";

export interface Worst {
  loss: number | null;
  jitter: number | null;
  rtt: number | null;
  mos: number | null;
}

export function streamsOf(summary: CallSummary): StreamMetrics[] {
  return EDGES.flatMap((name) => {
    const metrics = summary[name]?.metrics;
    return [metrics?.inbound, metrics?.outbound].filter((it) => it != null);
  });
}

export function worstOf(summary: CallSummary): Worst {
  const streams = streamsOf(summary);
  const pick = (read: (it: StreamMetrics) => number | null | undefined, choose: (...values: number[]) => number) => {
    const values = streams.map(read).filter((it) => it != null);
    return values.length > 0 ? choose(...values) : null;
  };
  return {
    loss: pick((it) => it.packets_loss_percentage, Math.max),
    jitter: pick((it) => it.jitter?.avg, Math.max),
    rtt: pick((it) => it.rtt?.avg, Math.max),
    mos: pick((it) => it.mos?.avg, Math.min),
  };
}

/** How a figure of a list is coloured, to be found at a glance. What is wrong with a call its tags say. */
export function level(kind: keyof Worst, value: number | null): "none" | "ok" | "warn" | "bad" {
  if (value === null) return "none";
  const limits: Record<keyof Worst, [warn: number, bad: number]> = { loss: [1, 5], jitter: [30, 50], rtt: [250, 400], mos: [4, 3.5] };
  const [warn, bad] = limits[kind];
  if (kind === "mos") return value < bad ? "bad" : value < warn ? "warn" : "ok";
  return value > bad ? "bad" : value > warn ? "warn" : "ok";
}
