import { describe, expect, test } from "vitest";

import type { CallEvent, CallSummary, Metric, StatisticsRow } from "../src/api/answers";
import { changeForm, draftOf, rebase } from "../src/model/annotation";
import { bytes, duration, milliseconds, party, percent, spelledDuration } from "../src/model/format";
import { rankByImpact } from "../src/model/impact";
import { change, MEASURES } from "../src/model/measures";
import { isFigureBad, worstOf } from "../src/model/quality";
import { intervalFor, lengthOf, rangeLabel } from "../src/model/range";
import { snippet } from "../src/model/snippets";
import { marksOf, samplesOf, warningsOf } from "../src/model/timeline";

describe("values", () => {
  test("what is not known is a dash", () => {
    for (const write of [percent, duration, milliseconds, bytes]) expect(write(null)).toBe("–");
  });
  test("nearly all is not all, nearly none is not none", () => {
    expect(percent(99.96)).toBe("> 99.9 %");
    expect(percent(0.04)).toBe("< 0.1 %");
    expect(percent(100)).toBe("100.0 %");
    expect(percent(0)).toBe("0.0 %");
  });
  test("lengths", () => {
    expect([4, 101, 7387].map(duration)).toEqual(["4 s", "1:41", "2:03:07"]);
    expect([0, 101, 7387].map(spelledDuration)).toEqual(["0 s", "1 min 41 s", "2 h 3 min"]);
  });
  test("numbers are grouped behind their country code, other parties stay", () => {
    expect(["+12125550133", "+442079460018", "+35312345678", "client:mira", "sip:1001@pbx.example.com", null].map(party)).toEqual(
      ["+1 212 555 0133", "+44 207 946 0018", "+353 123 456 78", "mira", "1001@pbx.example.com", "–"]);
  });
});

describe("ranges", () => {
  test("a day that is named counts whole", () => {
    expect(lengthOf("2026-06-01", "2026-06-02")).toBe(2 * 86_400);
    expect(lengthOf("4h", null)).toBe(4 * 3600);
  });
  test("intervals give some dozens of points", () => {
    expect([3600, 86_400, 7 * 86_400, 28 * 86_400, 400 * 86_400].map(intervalFor)).toEqual(["minute", "quarter_hour", "hour", "day", "week"]);
  });
  test("labels", () => {
    expect(rangeLabel("7d", null)).toBe("Last 7 days");
    expect(rangeLabel("2026-06-01", "2026-06-02")).toBe("2026-06-01 to 2026-06-02");
  });
});

describe("impact", () => {
  const row = (calls: number, ner: number | null, tagged: number | null, carrier: string | null) =>
    ({ calls, network_effectiveness_ratio: ner, tagged, group: { Carrier: carrier } }) as unknown as StatisticsRow;
  test("goes by calls that it cost, not by rates", () => {
    const ranked = rankByImpact([row(1000, 92, 20, "large"), row(5, 0, 100, "tiny"), row(500, 99, 2, "good"), row(900, 50, 90, null)], row(2405, 97, 10, null));
    expect(ranked.map((it) => it.group["Carrier"])).toEqual(["large", "tiny"]);
    expect(ranked[0]!.calls).toBeCloseTo(150);
  });
  test("nothing to compare is no harm", () => {
    expect(rankByImpact([row(10, null, null, "x")], row(10, null, null, null))).toEqual([]);
  });
});

test("change: shares by points, counts by their share, and which way is better", () => {
  const shown = (id: string) => MEASURES.find((it) => it.id === id)!;
  expect(change(shown("asr"), 77, 79.2)).toEqual({ text: "▼ 2.2 pt", isBetter: false });
  expect(change(shown("tagged"), 10, 12)).toEqual({ text: "▼ 2.0 pt", isBetter: true });
  expect(change(shown("calls"), 150, 100)).toEqual({ text: "▲ 50 %", isBetter: null });
  expect(change(shown("mos"), 4, null)).toBeNull();
  expect(change(shown("mos"), 4.25, 4.25)).toEqual({ text: "no change", isBetter: null });
});

describe("time series", () => {
  const metric = (time: string, edge: string, direction: string, interval: unknown) => ({ timestamp: time, edge, direction, [edge]: { interval } }) as unknown as Metric;
  test("a line for each edge and direction, with gaps where nothing was measured", () => {
    const samples = samplesOf([
      metric("2026-06-01T10:00:10Z", "sip_edge", "inbound", { packets_received: 90, packets_lost: 10, jitter: { avg: 3 } }),
      metric("2026-06-01T10:00:20Z", "sip_edge", "inbound", { packets_received: 100, packets_lost: -2 }),
      metric("2026-06-01T10:00:20Z", "sdk_edge", "both", { mos: { value: 3.2 }, rtt: { value: 210 } }),
    ]);
    expect(samples.lines.loss).toEqual([{ edge: "sip_edge", direction: "inbound", values: [10, 0] }]);
    expect(samples.lines.jitter).toEqual([{ edge: "sip_edge", direction: "inbound", values: [3, null] }]);
    expect(samples.lines.mos).toEqual([{ edge: "sdk_edge", direction: "both", values: [null, 3.2] }]);
  });
  const event = (time: string, group: string, name: string, level = "INFO") => ({ timestamp: time, edge: "sdk_edge", group, name, level, sdk_edge: {} }) as unknown as CallEvent;
  test("warnings last from raised to cleared, or to the end", () => {
    const warnings = warningsOf([
      event("2026-06-01T10:00:10Z", "network-quality-warning-raised", "low-mos"),
      event("2026-06-01T10:00:12Z", "network-quality-warning-raised", "low-mos"),
      event("2026-06-01T10:00:30Z", "network-quality-warning-cleared", "low-mos"),
      event("2026-06-01T10:00:40Z", "network-quality-warning-raised", "high-rtt"),
    ]);
    expect(warnings.map((it) => [it.name, it.to === null ? null : it.to - it.from])).toEqual([["low-mos", 20], ["high-rtt", null]]);
  });
  test("a step that two edges tell of is one mark", () => {
    const marks = marksOf([event("2026-06-01T10:00:00Z", "call", "call.answered"), event("2026-06-01T10:00:00Z", "call", "call.answered")], ["2026-06-01T11:00:00Z"]);
    expect(marks.map((it) => it.label)).toEqual(["answered", "annotated"]);
  });
});

describe("annotation", () => {
  const none = draftOf({ answered_by: null, connectivity_issue: null, quality_issues: null, spam: null, call_score: null, comment: null, incident: null } as never);
  test("only what was changed is sent, and empty clears", () => {
    const before = { ...none, call_score: 3, comment: "cut out", quality_issues: ["echo"] };
    expect(changeForm(before, { ...before, call_score: null, quality_issues: ["echo", "owa"] }).toString()).toBe("QualityIssues=echo%2Cowa&CallScore=");
    expect(changeForm(before, { ...before, comment: " cut out " }).toString()).toBe("");
  });
  test("mine on top of theirs keeps what only they changed", () => {
    const merged = rebase(none, { ...none, call_score: 2 }, { ...none, comment: "theirs", call_score: 5 });
    expect(merged).toMatchObject({ call_score: 2, comment: "theirs" });
  });
});

test("requests are copied whole, and quoted", () => {
  const query = new URLSearchParams([["Comment", "it's"]]);
  expect(snippet("curl", "http://h", "AC1", "/v1/Voice/Summaries", query)).toBe(
    "curl -u AC1:$SIDETONE_AUTH_TOKEN -G 'http://h/v1/Voice/Summaries' \\\n  --data-urlencode 'Comment=it'\\''s'");
  expect(snippet("python", "http://h", "AC1", "/x", query)).toContain('params=[("Comment", "it\'s")]');
  expect(snippet("node", "http://h", "AC1", "/x", query)).toContain('url.searchParams.append("Comment", "it\'s");');
});

describe("figures of a list", () => {
  const summary = (tags: string[]) => ({ call_sid: "CA1", tags, carrier_edge: { metrics: { inbound: { packets_loss_percentage: 30, jitter: { avg: 90 }, mos: { avg: 2 } }, outbound: { packets_loss_percentage: 1 } } } }) as unknown as CallSummary;
  test("are the worst of all streams", () => {
    expect(worstOf(summary([]))).toEqual({ loss: 30, jitter: 90, rtt: null, mos: 2 });
  });
  test("are bad where the server's rules say so, and nowhere else", () => {
    const kinds = ["loss", "jitter", "rtt", "mos"] as const;
    expect(kinds.filter((kind) => isFigureBad(kind, summary([])))).toEqual([]);
    expect(kinds.filter((kind) => isFigureBad(kind, summary(["high_packet_loss", "high_latency"])))).toEqual(["loss"]);
  });
});
