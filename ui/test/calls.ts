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
