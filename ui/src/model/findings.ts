// What was wrong with a call, where, and by which rule: the tags with the streams that raised them.

import { DIRECTIONS, EDGES, type CallSummary, type Direction, type EdgeName, type StreamMetrics, type Tag } from "../api/answers";
import { milliseconds, percent, spelledDuration } from "./format";
import { isRelayed, other, pathOf, roleOfEdge, type Role } from "./path";

/** Whose side it was. `way`: somewhere between both ends, and no figure says where. */
export type Side = Role | "platform" | "way" | null;

export interface Finding {
  tag: Tag | string;
  severity: "bad" | "warn";
  side: Side;
  edge: EdgeName | null;
  direction: Direction | null;
  /** What was measured: "9.7 % lost". */
  value: string;
  /** The rule, with its limit: "more than 5 % lost". */
  rule: string;
  /** Who had the trouble. Null: nobody in particular. */
  hearer: Role | null;
}

export const RULES: Record<Tag, string> = {
  high_packet_loss: "more than 5 % of a stream's packets lost",
  high_jitter: "mean jitter of at least 5 ms and largest of at least 30 ms, or more than 1 % of packets later than 200 ms",
  high_latency: "more than 150 ms within the platform, or a round trip of more than 400 ms at the SDK",
  low_mos: "mean opinion score at the SDK less than 3.5",
  high_pdd: "rings later than 95 % of the calls of the days before",
  pstn_short_duration: "completed less than 10 s after the answer",
  silence: "a stream that should be there is missing or empty, or nothing of it was heard",
  ice_failure: "the SDK found no path for its media",
};

/** Which rules a stream breaks, and with which value. */
export function broken(edge: EdgeName, stream: StreamMetrics): { tag: Tag; value: string; rule: string }[] {
  const found: { tag: Tag; value: string; rule: string }[] = [];
  const loss = stream.packets_loss_percentage;
  if (loss != null && loss > 5) found.push({ tag: "high_packet_loss", value: `${percent(loss)} of packets lost`, rule: "more than 5 %" });
  const { avg, max } = stream.jitter ?? {};
  if (avg != null && max != null && avg >= 5 && max >= 30) {
    found.push({
      tag: "high_jitter",
      value: `jitter of ${milliseconds(avg)} (largest ${milliseconds(max)})`,
      rule: "mean at least 5 ms and largest at least 30 ms",
    });
  } else if (edge !== "sdk_edge") {
    const late = Number((stream["packet_delay_variation"] as { d200?: number } | null | undefined)?.d200 ?? 0);
    const received = stream.packets_received ?? 0;
    if (received > 0 && late / received > 0.01) {
      found.push({ tag: "high_jitter", value: `${percent((late / received) * 100)} of packets came 200 ms late`, rule: "more than 1 %" });
    }
  }
  const latency = stream.latency?.avg;
  if (edge !== "sdk_edge" && latency != null && latency > 150) {
    found.push({ tag: "high_latency", value: `${milliseconds(latency)} within the platform`, rule: "more than 150 ms" });
  }
  const rtt = stream.rtt?.avg;
  if (edge === "sdk_edge" && rtt != null && rtt > 400) {
    found.push({ tag: "high_latency", value: `a round trip of ${milliseconds(rtt)}`, rule: "more than 400 ms" });
  }
  const mos = stream.mos?.avg;
  if (edge === "sdk_edge" && mos != null && mos < 3.5) {
    found.push({ tag: "low_mos", value: `a MOS of ${mos.toFixed(2)}`, rule: "less than 3.5" });
  }
  if (stream.packets_received === 0 && !stream.packets_sent) {
    found.push({ tag: "silence", value: "no packet came", rule: "at least one" });
  }
  return found;
}

export function findingsOf(summary: CallSummary): Finding[] {
  const path = pathOf(summary);
  const findings: Finding[] = [];
  for (const name of EDGES) {
    const edge = summary[name];
    if (!edge) continue;
    const role = roleOfEdge(summary, name);
    for (const direction of DIRECTIONS) {
      const stream = edge.metrics?.[direction];
      if (!stream) continue;
      const hearer = (direction === "inbound") === (name === "sdk_edge") ? role : other(role);
      const leg = path[role];
      const across = path[other(role)];
      const relayed = name !== "sdk_edge" && (direction === "inbound" ? isRelayed(leg.up, across.down) : isRelayed(across.up, leg.down));
      for (const it of broken(name, stream)) {
        // A relayed stream stands at both edges: once is enough.
        if (relayed && direction === "outbound") continue;
        const side: Side = it.tag === "high_latency" && name !== "sdk_edge" ? "platform" : relayed && it.tag !== "silence" ? "way" : role;
        findings.push({ ...it, severity: "bad", side, edge: name, direction, hearer });
      }
    }
    for (const gap of (edge["unheard"] as { direction?: Direction; reason?: string }[] | null | undefined) ?? []) {
      const direction = gap.direction ?? "inbound";
      if (findings.some((it) => it.tag === "silence" && it.edge === name && it.direction === direction)) continue;
      // Told at the edge of whoever did not hear it.
      findings.push({
        tag: "silence", severity: "bad", side: role, edge: name, direction,
        value: gap.reason ?? "heard nothing", rule: RULES.silence, hearer: direction === "outbound" ? role : other(role),
      });
    }
  }
  const tags = new Set<string>(summary.tags ?? []);
  if (tags.has("ice_failure")) {
    const role = roleOfEdge(summary, "sdk_edge");
    findings.push({
      tag: "ice_failure", severity: "bad", side: role, edge: "sdk_edge", direction: null,
      value: "no path for its media was found", rule: RULES.ice_failure, hearer: role,
    });
  }
  const { pdd_ms: pdd, pdd_limit: limit } = summary.properties ?? {};
  if (tags.has("high_pdd")) {
    const p95 = (limit as { p95_ms?: number; country?: string | null } | null | undefined)?.p95_ms;
    const where = (limit as { country?: string | null } | null | undefined)?.country;
    findings.push({
      tag: "high_pdd", severity: "warn", side: "callee", edge: null, direction: null,
      value: pdd != null ? `${milliseconds(pdd)} until it rang` : "slow to ring",
      rule: p95 != null ? `95 % of calls ${where ? `to ${where} ` : ""}ring within ${milliseconds(p95)}` : RULES.high_pdd,
      hearer: "caller",
    });
  }
  if (tags.has("pstn_short_duration")) {
    const talk = summary.connect_duration;
    findings.push({
      tag: "pstn_short_duration", severity: "warn", side: null, edge: null, direction: null,
      value: talk != null ? `${spelledDuration(talk)} of talk` : "very short", rule: "at least 10 s", hearer: null,
    });
  }
  // What is tagged and no figure explains: another system's summary, or a gateway that saw more than it tells.
  for (const tag of tags) {
    if (findings.some((it) => it.tag === tag)) continue;
    const name = EDGES.find((it) => (summary[it]?.tags as string[] | null | undefined)?.includes(tag)) ?? null;
    findings.push({
      tag, severity: tag in RULES && tag !== "high_pdd" && tag !== "pstn_short_duration" ? "bad" : "warn",
      side: name ? roleOfEdge(summary, name) : null, edge: name, direction: null,
      value: "no figure of the summary explains it", rule: RULES[tag as Tag] ?? "a tag of the system that the summary came from", hearer: null,
    });
  }
  // Only what the call is tagged with is a finding; a stream just over a limit in a summary that says otherwise is none.
  return findings.filter((it) => tags.has(it.tag));
}

/** The tags, each with the findings behind it. */
export function findingsByTag(summary: CallSummary): [string, Finding[]][] {
  const findings = findingsOf(summary);
  return (summary.tags ?? []).map((tag) => [tag, findings.filter((it) => it.tag === tag)]);
}

export function sideName(side: Side): string {
  return { caller: "Caller's side", callee: "Callee's side", platform: "Platform", way: "Between both ends" }[side ?? "way"];
}
