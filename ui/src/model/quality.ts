// The worst of what was measured of a call, for a row of a list, and whether that is bad.

import { EDGES, type CallSummary, type StreamMetrics, type Tag } from "../api/answers";

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

/** Tags of calls that sounded badly, or did not sound. All others are worth a look. */
const BAD: ReadonlySet<string> = new Set<Tag>(["silence", "high_jitter", "high_packet_loss", "high_latency", "low_mos", "ice_failure"]);

export const isBad = (tag: string): boolean => BAD.has(tag);

/** Which tag says that a figure is bad. What is bad the server's rules say, and they alone. */
const TAG_OF: Record<keyof Worst, Tag | null> = { loss: "high_packet_loss", jitter: "high_jitter", rtt: null, mos: "low_mos" };

export function isFigureBad(kind: keyof Worst, summary: CallSummary): boolean {
  const tag = TAG_OF[kind];
  return tag !== null && (summary.tags?.includes(tag) ?? false);
}
