// What was wrong with a call, where, and by which rule: its tags with the reasons that the server gives for them.

import { EDGES, type CallSummary, type Direction, type EdgeName, type Tag, type TagFigure, type TagLimit, type TagMetric, type TagReason } from "../api/answers";
import { milliseconds, percent, spelledDuration } from "./format";
import { isRelayed, other, pathOf, roleOfEdge, type Role } from "./path";
import { isBad } from "./quality";
import { word } from "./words";

/** Whose side it was. `way`: somewhere between both ends, and no figure says where. */
export type Side = Role | "platform" | "way" | null;

export interface Finding {
  tag: Tag | string;
  severity: "bad" | "warn";
  side: Side;
  edge: EdgeName | null;
  direction: Direction | null;
  /** What was measured: "9.7 % of packets lost". */
  value: string;
  /** The rule, with its limit: "more than 5 %". Null: no rule of ours raised it. */
  rule: string | null;
  /** Which figures were beyond their limits. */
  metrics: TagMetric[];
  /** Who had the trouble. Null: nobody in particular. */
  hearer: Role | null;
}

const METRICS: Record<TagMetric, string> = {
  packets_loss_percentage: "packets lost",
  jitter_avg: "mean jitter",
  jitter_max: "largest jitter",
  late_packets_percentage: "packets more than 200 ms late",
  latency_avg: "time within the platform",
  rtt_avg: "round trip",
  mos_avg: "MOS",
  packets_received: "packets that came",
  packets_sent: "packets sent",
  pdd_ms: "time until it rings",
  connect_duration: "talk",
  duration: "duration",
};

const NO_FIGURE: Record<NonNullable<TagReason["no_figure"]>, string> = {
  reported: "as its source says, without figures",
  imported: "as the system says that the summary came from",
  sdk_event: "no path for its media was found",
  not_kept: "not kept by the release that judged the call",
};

export function findingsOf(summary: CallSummary): Finding[] {
  const reasons = summary.tag_reasons?.reasons ?? [];
  const findings = reasons.flatMap((it) => findingOf(summary, it) ?? []);
  const tags = new Set<string>(summary.tags ?? []);
  if (tags.has("silence")) findings.push(...gapsOf(summary, findings));
  return findings;
}

function findingOf(summary: CallSummary, reason: TagReason): Finding | null {
  const { tag, direction } = reason;
  const edge = EDGES.find((name) => name === reason.edge) ?? null;
  const figures = reason.figures ?? [];
  const metrics = figures.map((it) => it.metric);
  const of: Finding = {
    tag, severity: isBad(tag) ? "bad" : "warn", side: null, edge, direction, metrics, hearer: null,
    value: figures.length > 0 ? valueOf(figures, direction) + (reason.one_source ? ", of one source" : "") : NO_FIGURE[reason.no_figure ?? "reported"],
    rule: figures.length > 0 ? figures.map((it) => ruleOf(it, figures.length > 1)).join(" and ") : null,
  };
  if (tag === "high_pdd") {
    const country = summary.tag_reasons?.limits?.find((it) => it.tag === tag)?.country;
    const [pdd] = figures;
    if (pdd) of.rule = `95 % of calls ${country ? `to ${country} ` : ""}ring within ${milliseconds(pdd.limit)}`;
    return { ...of, side: "callee", hearer: "caller" };
  }
  if (!edge) return of;
  const role = roleOfEdge(summary, edge);
  if (!direction) return { ...of, side: role, hearer: tag === "ice_failure" ? role : null };
  const isRelay = isRelayedAt(summary, edge, direction);
  // A relayed stream stands at both edges: once is enough.
  if (isRelay && direction === "outbound") return null;
  const side: Side = metrics.includes("latency_avg") ? "platform" : isRelay && tag !== "silence" ? "way" : role;
  return { ...of, side, hearer: (direction === "inbound") === (edge === "sdk_edge") ? role : other(role) };
}

function isRelayedAt(summary: CallSummary, edge: EdgeName, direction: Direction): boolean {
  if (edge === "sdk_edge") return false;
  const path = pathOf(summary);
  const role = roleOfEdge(summary, edge);
  const [leg, across] = [path[role], path[other(role)]];
  return direction === "inbound" ? isRelayed(leg.up, across.down) : isRelayed(across.up, leg.down);
}

/** Stretches that nobody heard, told at the edge of whoever did not hear them. */
function gapsOf(summary: CallSummary, findings: Finding[]): Finding[] {
  return EDGES.flatMap((edge) => {
    const gaps = (summary[edge]?.["unheard"] as { direction?: Direction; reason?: string }[] | null | undefined) ?? [];
    return gaps.flatMap((gap): Finding[] => {
      const direction = gap.direction ?? "inbound";
      if (findings.some((it) => it.tag === "silence" && it.edge === edge && it.direction === direction)) return [];
      const role = roleOfEdge(summary, edge);
      return [{
        tag: "silence", severity: "bad", side: role, edge, direction, metrics: [],
        value: gap.reason ?? "heard nothing", rule: null, hearer: direction === "outbound" ? role : other(role),
      }];
    });
  });
}

function valueOf(figures: TagFigure[], direction: Direction | null): string {
  const value = (metric: TagMetric) => figures.find((it) => it.metric === metric)?.value;
  const [jitter, largest] = [value("jitter_avg"), value("jitter_max")];
  if (jitter !== undefined && largest !== undefined) return `jitter of ${milliseconds(jitter)} (largest ${milliseconds(largest)})`;
  return figures.map((it) => told(it, direction)).join(", ");
}

function told({ metric, value, unit }: TagFigure, direction: Direction | null): string {
  switch (metric) {
    case "packets_loss_percentage": return `${percent(value)} of packets lost`;
    case "late_packets_percentage": return `${percent(value)} of packets came 200 ms late`;
    case "latency_avg": return `${milliseconds(value)} within the platform`;
    case "rtt_avg": return `a round trip of ${milliseconds(value)}`;
    case "mos_avg": return `a MOS of ${value.toFixed(2)}`;
    case "packets_received": return direction === "outbound" ? "no packet arrived" : "no packet came";
    case "packets_sent": return "no packet was sent";
    case "pdd_ms": return `${milliseconds(value)} until it rang`;
    case "connect_duration": return `${spelledDuration(value)} of talk`;
    case "duration": return `${spelledDuration(value)} in all`;
    default: return `${METRICS[metric]} ${quantity(value, unit)}`;
  }
}

/** "more than 5 %", or "mean jitter at least 5 ms" where it is one of several. */
function ruleOf({ metric, bound, limit, unit }: TagLimit, isNamed: boolean): string {
  if (unit === "packets" && limit === 1) return isNamed ? `no ${METRICS[metric]}` : "none at all";
  const than = { above: "more than", at_least: "at least", below: "less than" }[bound];
  return `${isNamed ? `${METRICS[metric]} ` : ""}${than} ${quantity(limit, unit)}`;
}

function quantity(value: number, unit: TagLimit["unit"]): string {
  if (unit === "score") return String(value);
  return unit === "ms" && value >= 1000 ? milliseconds(value) : `${value} ${unit}`;
}

/**
 * Whether a finding is about what goes from a party to the platform (`isUp`) or the other way, at whichever edge of that leg
 * it was measured. What passes through as it is, is bad on both legs.
 */
export function isOfStream(summary: CallSummary, finding: Finding, role: Role, isUp: boolean): boolean {
  const { edge, direction, side } = finding;
  if (finding.severity !== "bad" || !edge || !direction) return false;
  const isFindingUp = (direction === "inbound") !== (edge === "sdk_edge");
  const isOwn = roleOfEdge(summary, edge) === role;
  if (isOwn && isFindingUp === isUp) return true;
  return side === "way" && !isOwn && isFindingUp && !isUp;
}

/** When a tag is raised, by the rules that the call was held to. Null: by none of ours. */
export function rulesOf(summary: CallSummary, tag: string): string | null {
  const rules = summary.tag_reasons?.limits?.filter((it) => it.tag === tag) ?? [];
  const told = rules.map(({ edges, limits }) => {
    const where = edges && edges.length < EDGES.length ? ` (${edges.map((it) => word(it)).join(", ")})` : "";
    return limits.map((it) => ruleOf(it, true)).join(" and ") + where;
  });
  return told.length > 0 ? told.join("; or ") : null;
}

/** The tags, each with the findings behind it. */
export function findingsByTag(summary: CallSummary): [string, Finding[]][] {
  const findings = findingsOf(summary);
  return (summary.tags ?? []).map((tag) => [tag, findings.filter((it) => it.tag === tag)]);
}

export function sideName(side: Side): string {
  return { caller: "Caller's side", callee: "Callee's side", platform: "Platform", way: "Between both ends" }[side ?? "way"];
}
