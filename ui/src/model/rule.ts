// Rules of alerts as their parameters: a template, the address of the editor and a request have them alike.

import type { AlertRule } from "../api/alerts";
import { count, duration, measure, milliseconds, percent, plural } from "./format";
import { callsAddress, filterOfDimension, literal, readable } from "./filters";
import { isoSeconds } from "./range";

/** A rule while somebody writes it: every field as text, as it stands in the form. */
export interface Draft {
  name: string;
  measure: string;
  filters: string;
  among: string;
  groupBy: string;
  side: "Above" | "Below";
  limit: string;
  window: string;
  receivers: string[];
  severity: string;
  release: string;
  for: string;
  minCalls: string;
  compareWeeks: string;
  quietHours: string;
  timeZone: string;
  mutedUntil: string;
}

export const SEVERITIES = ["critical", "error", "warning", "info"] as const;

export interface Measured {
  id: string;
  label: string;
  unit: "calls" | "%" | "ms" | "s" | "h" | "deliveries" | "";
  /** Whether it is spread over calls, and one says what of it is watched. */
  isSpread?: boolean;
}

export const MEASURED: [group: string, measures: Measured[]][] = [
  ["Numbers and shares", [
    { id: "calls", label: "Number of calls", unit: "calls" },
    { id: "share", label: "Share of calls", unit: "%" },
    { id: "answer_seizure_ratio", label: "Answered (ASR)", unit: "%" },
    { id: "network_effectiveness_ratio", label: "Effective (NER)", unit: "%" },
    { id: "tagged", label: "With findings", unit: "%" },
    { id: "measured", label: "Measured", unit: "%" },
    { id: "annotated", label: "Annotated", unit: "%" },
    { id: "spam", label: "Called spam", unit: "%" },
    { id: "call_score", label: "Score, mean", unit: "" },
  ]],
  ["Figures of calls", [
    { id: "pdd", label: "Post-dial delay", unit: "ms", isSpread: true },
    { id: "packet_loss", label: "Packet loss", unit: "%", isSpread: true },
    { id: "jitter", label: "Jitter", unit: "ms", isSpread: true },
    { id: "rtt", label: "Round trip", unit: "ms", isSpread: true },
    { id: "mos", label: "MOS", unit: "", isSpread: true },
    { id: "talk", label: "Talk time", unit: "s", isSpread: true },
    { id: "duration", label: "Duration", unit: "s", isSpread: true },
    { id: "connect_duration", label: "Duration since answered", unit: "s", isSpread: true },
    { id: "queue_time", label: "Time in queue", unit: "ms", isSpread: true },
  ]],
  ["The server itself", [
    { id: "source_silence", label: "Silence of a HEP agent", unit: "s" },
    { id: "dead_letters", label: "Deliveries given up", unit: "deliveries" },
    { id: "disk_full_in", label: "Time until the disk is full", unit: "h" },
  ]],
];
export const PARTS = [["avg", "mean"], ["p50", "median"], ["p95", "95th percentile"], ["p99", "99th percentile"]] as const;

const BY_ID = new Map(MEASURED.flatMap(([, all]) => all).map((it) => [it.id, it]));
const SERVER = new Set(MEASURED.at(-1)![1].map((it) => it.id));

/** `pdd.p95`: what is measured, and what of it. */
export function splitMeasure(text: string): [measured: Measured | null, part: string] {
  const [id = "", part = ""] = text.split(".");
  return [BY_ID.get(id) ?? null, part];
}

export const isOfServer = (text: string) => SERVER.has(text);

/** What `GroupBy` takes: those that routes and people are told by first. */
export const GROUPS: [name: string, label: string][] = [
  ["Carrier", "Carrier, called"], ["FromCarrier", "Carrier, calling"], ["Country", "Country, called"], ["FromCountryCode", "Country, calling"],
  ["Agent", "Agent"], ["From", "Caller"], ["To", "Callee"],
  ...["Direction", "CallType", "CallState", "Edge", "Codec", "UserAgent", "SipResponse", "Tag", "HasTag", "QualityIssue", "ConnectivityIssue", "AnsweredBy", "AnsweredByAnnotation",
    "CallScore", "Spam", "Incident", "Comment", "AbnormalSession", "VerifiedCaller", "BrandedEnabled", "BrandedLogo", "BrandedBundleSid", "BrandedType", "BrandedUseCase", "BrandedCallReason",
    "VoiceIntegrityEnabled", "VoiceIntegrityBundleSid", "VoiceIntegrityUseCase", "BusinessProfileBundleSid", "BusinessProfileIdentity", "BusinessProfileIndustry", "BusinessProfileType",
  ].map((it): [string, string] => [it, spaced(it)]),
];
/** Filters that rules have none of. */
export const NOT_OF_RULES = ["StartedBefore", "Subaccount"];

function spaced(name: string): string {
  const words = name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").split(" ");
  return words.map((it, at) => (at === 0 || /^[A-Z]{2}/.test(it) ? it : it.toLowerCase())).join(" ");
}

export const groupLabel = (name: string) => GROUPS.find(([it]) => it === name)?.[1] ?? name;

export const FRESH: Draft = {
  name: "", measure: "", filters: "", among: "", groupBy: "", side: "Above", limit: "", window: "15m", receivers: [], severity: "warning",
  release: "", for: "", minCalls: "", compareWeeks: "", quietHours: "", timeZone: "", mutedUntil: "",
};

const NAMES: [parameter: string, field: Exclude<keyof Draft, "side" | "limit" | "receivers">][] = [
  ["Name", "name"], ["Measure", "measure"], ["Filters", "filters"], ["Among", "among"], ["GroupBy", "groupBy"], ["Window", "window"], ["Severity", "severity"],
  ["Release", "release"], ["For", "for"], ["MinCalls", "minCalls"], ["CompareWeeks", "compareWeeks"], ["QuietHours", "quietHours"], ["TimeZone", "timeZone"], ["MutedUntil", "mutedUntil"],
];
/** What few rules need: behind "More", unless it says something. */
export const RARE = ["Release", "For", "MinCalls", "CompareWeeks", "QuietHours", "TimeZone", "MutedUntil"];

/** What parameters say, and else what stands in `base`. */
export function draftOf(query: URLSearchParams, base: Draft = FRESH): Draft {
  const draft = { ...base };
  for (const [name, field] of NAMES) {
    const value = query.get(name);
    if (value !== null) draft[field] = value;
  }
  for (const side of ["Above", "Below"] as const) {
    const value = query.get(side);
    if (value !== null) [draft.side, draft.limit] = [side, value];
  }
  if (query.has("Receivers")) draft.receivers = query.getAll("Receivers").flatMap((it) => it.split(",")).filter((it) => it !== "");
  return draft;
}

const text = (value: string | number | null | undefined) => (value == null ? "" : String(value));

export function draftOfRule(rule: AlertRule, now = Date.now()): Draft {
  const isMuted = rule.muted_until != null && Date.parse(rule.muted_until) > now;
  return {
    name: rule.name, measure: text(rule.measure), filters: text(rule.filters), among: text(rule.among), groupBy: text(rule.group_by),
    side: rule.below == null ? "Above" : "Below", limit: text(rule.above ?? rule.below), window: text(rule.window), receivers: rule.receivers ?? [],
    severity: text(rule.severity), release: text(rule.release), for: rule.for === "0s" ? "" : text(rule.for), minCalls: text(rule.min_calls),
    compareWeeks: text(rule.compare_weeks), quietHours: text(rule.quiet_hours), timeZone: text(rule.time_zone), mutedUntil: isMuted ? rule.muted_until! : "",
  };
}

/** As an address and a request have it, without what says nothing. */
export function paramsOf(draft: Draft): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, field] of NAMES) {
    const value = draft[field].trim();
    if (value !== "" && (name !== "Among" || draft.measure === "share")) params.append(name, value);
  }
  if (draft.limit.trim() !== "") params.append(draft.side, draft.limit.trim());
  for (const sid of draft.receivers) params.append("Receivers", sid);
  return params;
}

/**
 * What is sent of a rule that was `before`: all of it, where a field that is left empty says what that means. Whether it is
 * muted is said only where that was changed: somebody may have muted it meanwhile.
 */
export function changeOf(draft: Draft, before: Draft): URLSearchParams {
  const params = paramsOf(draft);
  const usual = draft.measure === "calls" || isOfServer(draft.measure) ? "0" : "20";
  const empty: [string, string][] = [
    ["Name", ""], ["Filters", ""], ["GroupBy", ""], ["Release", ""], ["CompareWeeks", ""], ["QuietHours", ""], ["MutedUntil", ""], ["Receivers", ""],
    ["Window", "15m"], ["For", "0s"], ["MinCalls", usual], ["TimeZone", "UTC"],
    ...(draft.measure === "share" ? [["Among", ""] as [string, string]] : []),
  ];
  for (const [name, value] of empty) if (!params.has(name)) params.append(name, value);
  if (draft.mutedUntil.trim() === before.mutedUntil) params.delete("MutedUntil");
  return params;
}

const OF_PREVIEW = ["Filters", "Among", "Measure", "GroupBy", "Window", "Above", "Below", "Release", "CompareWeeks", "MinCalls", "For", "TimeZone"];

/** What is asked to see when it would have fired. Null: it does not say enough for that. */
export function previewOf(draft: Draft): URLSearchParams | null {
  if (draft.measure === "" || draft.limit.trim() === "") return null;
  return new URLSearchParams([...paramsOf(draft)].filter(([name]) => OF_PREVIEW.includes(name)));
}

/** Unit of what the limit is held against. */
export function unitOf(draft: Draft): string {
  return draft.compareWeeks.trim() === "" ? splitMeasure(draft.measure)[0]?.unit ?? "" : "% of change";
}

export function valueIn(unit: string, value: number | null): string {
  if (value === null) return measure(value, "");
  if (unit === "%") return percent(value);
  if (unit === "ms") return milliseconds(value);
  if (unit === "s") return duration(value);
  if (unit === "calls" || unit === "deliveries") return count(value);
  return measure(value, unit, 2);
}

/** The calls of a group that began within a time, ms. Null: it is about no calls. */
export function callsOfDraft(draft: Draft, group: string | null, from: number, until: number): string | null {
  if (isOfServer(draft.measure)) return null;
  const query = new URLSearchParams(draft.measure === "share" ? draft.among : "");
  const narrower = new URLSearchParams(draft.filters);
  for (const name of new Set(narrower.keys())) {
    query.delete(name);
    for (const value of narrower.getAll(name)) query.append(name, value);
  }
  const filter = group === null ? null : draft.groupBy === "Agent" ? "Agent" : filterOfDimension(draft.groupBy);
  if (group !== null && filter === null) return null;
  return callsAddress(query, { ...(filter ? { [filter]: literal(group!) } : {}), StartTime: isoSeconds(from), StartedBefore: isoSeconds(until) });
}

/** When it is bad, in words. */
export function limitOf(it: AlertRule): string {
  if (it.measure === undefined) return "not known: a later release wrote it";
  const [measured, part] = splitMeasure(it.measure);
  const what = `${measured?.label ?? it.measure}${measured && part ? ` (${part})` : ""}`;
  const side = it.above != null ? `above ${it.above}` : `below ${it.below}`;
  const unit = it.compare_weeks ? ` % against ${plural(it.compare_weeks, "week")} before` : it.unit && it.unit !== it.measure ? ` ${it.unit}` : "";
  const by = it.group_by ? `, by ${groupLabel(it.group_by).toLowerCase().replace(",", "")}` : "";
  return `${what} ${side}${unit}${by}`;
}

/** Of which calls, in words; the address of the editor has it as it is. */
export const filtersOf = (it: AlertRule) => readable(new URLSearchParams(it.filters ?? ""));
