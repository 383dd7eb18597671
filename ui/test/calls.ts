// Calls as the API gives them, down to what a test is about.

import type { CallSummary } from "../src/api/answers";

export function call(more: Record<string, unknown> = {}): CallSummary {
  return {
    account_sid: "AC00000000000000000000000000000000",
    call_sid: "CA00000000000000000000000000000000",
    call_type: "carrier", call_state: "completed", answered_by: null,
    processing_state: "complete", processing_version: 1,
    created_time: "2026-06-01T10:00:00Z", start_time: "2026-06-01T10:00:00Z", end_time: "2026-06-01T10:02:00Z",
    duration: 120, connect_duration: 105,
    from: { caller: "+12025550101" }, to: { callee: "+4930123456" },
    carrier_edge: null, client_edge: null, sdk_edge: null, sip_edge: null,
    tags: null, attributes: null, properties: { direction: "outbound_api", disconnected_by: "caller", last_sip_response_num: 200 },
    trust: null, annotation: null, url: "",
    ...more,
  } as unknown as CallSummary;
}

/** An edge that looks at a side, with what it measured. */
export function edge(direction: string, metrics: unknown, more: Record<string, unknown> = {}): unknown {
  return { properties: { direction }, metrics, ...more };
}

type Limit = [metric: string, bound: "above" | "at_least" | "below", limit: number, unit: string];
const LIMITS: Record<string, Limit> = {
  loss: ["packets_loss_percentage", "above", 5, "%"],
  jitter: ["jitter_avg", "at_least", 5, "ms"],
  largest: ["jitter_max", "at_least", 30, "ms"],
  latency: ["latency_avg", "above", 150, "ms"],
  mos: ["mos_avg", "below", 3.5, "score"],
  received: ["packets_received", "below", 1, "packets"],
  sent: ["packets_sent", "below", 1, "packets"],
  pdd: ["pdd_ms", "above", 4600, "ms"],
};

/** Why a call has a tag: the figures that raised it by name, or why there are none. */
export function reason(tag: string, at: string | null, why: Record<string, number> | string): unknown {
  const [edge, direction] = at?.split(" ") ?? [];
  const figures = typeof why === "string" ? null : Object.entries(why).map(([name, value]) => {
    const [metric, bound, limit, unit] = LIMITS[name]!;
    return { metric, value, unit, bound, limit };
  });
  return { tag, edge: edge ?? null, direction: direction ?? null, one_source: false, figures, no_figure: typeof why === "string" ? why : null };
}

/** Tags with their reasons, as members of a summary. */
export function tagged(...reasons: unknown[]): Record<string, unknown> {
  const tags = [...new Set(reasons.map((it) => (it as { tag: string }).tag))];
  const limit = ([metric, bound, limit, unit]: Limit) => ({ metric, unit, bound, limit });
  const limits = [
    { tag: "high_packet_loss", edges: ["carrier_edge", "sip_edge", "client_edge", "sdk_edge"], country: null, limits: [limit(LIMITS.loss!)] },
    { tag: "high_jitter", edges: ["carrier_edge", "sip_edge"], country: null, limits: [limit(LIMITS.jitter!), limit(LIMITS.largest!)] },
    { tag: "high_pdd", edges: null, country: "DE", limits: [limit(LIMITS.pdd!)] },
  ];
  return { tags, tag_reasons: { rules: { fold_version: 3, day: null, sides: null }, reasons, limits, warnings: [] } };
}
