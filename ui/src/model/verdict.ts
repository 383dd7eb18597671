// What happened to a call and whose side it was, in a sentence or two.

import { EDGES, type CallSummary } from "../api/answers";
import { findingsOf, type Finding, type Side } from "./findings";
import { spelledDuration } from "./format";
import { other, partyName, pathOf, type Role } from "./path";
import { sipMeaning } from "./sip";
import { NOT_MEASURED } from "./words";

export type Tone = "good" | "warn" | "bad" | "unknown" | "running";

export interface Verdict {
  tone: Tone;
  /** What became of the call. */
  outcome: string;
  /** What was wrong with it, or that nothing was. */
  headline: string;
  /** Whose side that was. */
  side: Side;
  /** Where to look next. Null: nothing to do. */
  because: string | null;
}

export function verdictOf(summary: CallSummary): Verdict {
  const outcome = outcomeOf(summary);
  const failure = failureOf(summary);
  if (failure) return { outcome, ...failure };
  const findings = findingsOf(summary);
  const media = findings.filter((it) => it.severity === "bad");
  if (media.length > 0) return { outcome, tone: "bad", ...mediaVerdict(summary, media) };
  const rest = findings[0];
  if (rest) {
    const headline = rest.tag === "high_pdd" ? `It took long to ring: ${rest.value}.`
      : rest.tag === "pstn_short_duration" ? `The call was very short: ${rest.value}.`
      : `${rest.tag.replaceAll("_", " ")}: ${rest.value}.`;
    const because = rest.tag === "high_pdd" ? `${rest.rule ? `${rest.rule}. ` : ""}The way to ${partyName(summary, "callee")} is where the time went.`
      : rest.tag === "pstn_short_duration" ? "Often a wrong number, a hang-up in the first words, or no sound at all." : null;
    return { outcome, tone: "warn", headline, side: rest.side, because };
  }
  return { outcome, ...soundVerdict(summary) };
}

/** "Answered after 15 s; 1 min 41 s of talk; the caller hung up." */
export function outcomeOf(summary: CallSummary): string {
  const { call_state: state, duration, connect_duration: talk, properties } = summary;
  const code = properties?.last_sip_response_num;
  const coded = code ? ` (${code})` : "";
  switch (state) {
    case "ringing":
      return "It rings.";
    case "undialed":
      return "It waits to be dialled.";
    case "busy":
      return `The callee was busy${coded}.`;
    case "noanswer":
      return duration ? `Nobody answered for ${spelledDuration(duration)}${coded}.` : `Nobody answered${coded}.`;
    case "canceled":
      return duration ? `The caller gave up after ${spelledDuration(duration)}, before anybody answered.` : "The caller gave up before anybody answered.";
    case "fail":
      return `The call failed${coded}.`;
  }
  if (state === "answered" && summary.end_time == null) return "They are talking.";
  const parts: string[] = [];
  if (talk != null && duration != null && duration >= talk) parts.push(duration - talk < 1 ? "Answered at once" : `Answered after ${spelledDuration(duration - talk)}`);
  else parts.push("Answered");
  if (talk != null) parts.push(`${spelledDuration(talk)} of talk`);
  const by = properties?.disconnected_by;
  if (by) parts.push(`the ${by} hung up`);
  else if (properties?.["end_not_seen"]) parts.push("its end was not seen");
  return `${parts.join("; ")}.`;
}

function failureOf(summary: CallSummary): Omit<Verdict, "outcome"> | null {
  if (summary.call_state !== "fail") return null;
  const code = summary.properties?.last_sip_response_num;
  if (!code) {
    return { tone: "bad", headline: "The call failed, and no response says why.", side: null, because: null };
  }
  const sip = summary.properties?.sip as { callee_response?: number | null } | null | undefined;
  const side: Side = sip ? (sip.callee_response ? "callee" : "platform") : code === 401 || code === 407 ? "caller" : "callee";
  const who = side === "platform" ? "The platform refused it itself; it never reached the callee's side."
    : side === "caller" ? "The caller's equipment did not say who it is."
    : `The answer came from ${partyName(summary, "callee")}'s side${carrierOf(summary, "callee")}.`;
  return { tone: "bad", headline: `${capital(sipMeaning(code))} (${code}).`, side, because: who };
}

function mediaVerdict(summary: CallSummary, findings: Finding[]): Pick<Verdict, "headline" | "side" | "because"> {
  const silent = findings.find((it) => it.tag === "silence" && it.hearer);
  const ice = findings.find((it) => it.tag === "ice_failure");
  const sides = new Set(findings.map((it) => it.side));
  const side: Side = sides.size === 1 ? [...sides][0]! : worstSide(findings);
  if (ice) {
    return {
      headline: `${capital(partyName(summary, ice.hearer ?? "callee"))} had no sound: no path for its media was found (ICE).`,
      side: ice.side,
      because: "A firewall that lets no UDP through, or no TURN server, is the usual cause.",
    };
  }
  if (silent?.hearer) {
    const since = /^heard nothing( .+)$/.exec(silent.value)?.[1] ?? "";
    const speaker = partyName(summary, other(silent.hearer));
    return {
      headline: `One-way audio: ${partyName(summary, silent.hearer)} heard nothing of ${speaker}${since}.`,
      side: silent.side,
      because: whose(summary, silent.side),
    };
  }
  const hearers = new Set(findings.map((it) => it.hearer).filter((it) => it !== null));
  const values = [...new Set(findings.map((it) => it.value))].slice(0, 3).join(", ");
  const only = hearers.size === 1 ? [...hearers][0]! : null;
  const headline = only ? `${capital(partyName(summary, only))} heard ${partyName(summary, other(only))} badly: ${values}.`
    : hearers.size === 2 ? `Both sides heard each other badly: ${values}.`
    : `The sound was bad: ${values}.`;
  return { headline, side, because: sides.size > 1 ? `${whose(summary, side)} More was measured elsewhere, see below.` : whose(summary, side) };
}

/** Of several, that with most findings. */
function worstSide(findings: Finding[]): Side {
  const counts = new Map<Side, number>();
  for (const it of findings) counts.set(it.side, (counts.get(it.side) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

function whose(summary: CallSummary, side: Side): string {
  switch (side) {
    case "caller":
    case "callee": {
      const isSdk = summary.sdk_edge != null && pathOf(summary)[side].edges.some((it) => it.name === "sdk_edge");
      const what = isSdk ? "its own network" : "the way between it and the platform";
      return `It was on ${partyName(summary, side)}'s side${carrierOf(summary, side)}: ${what}.`;
    }
    case "platform":
      return "It was the platform: packets took too long from where they came in to where they went out.";
    case "way":
      return "The platform passes this stream on as it is, so its figures are of the whole way: from them alone it cannot be told which leg it was.";
    case null:
      return "No figure says whose side it was.";
  }
}

function carrierOf(summary: CallSummary, role: Role): string {
  const carrier = (role === "caller" ? summary.from : summary.to)?.carrier;
  return carrier ? ` (${carrier})` : "";
}

function soundVerdict(summary: CallSummary): Omit<Verdict, "outcome"> {
  const running = summary.end_time == null && (summary.call_state === "ringing" || summary.call_state === "answered" || summary.call_state === "undialed");
  const streams = EDGES.flatMap((name) => Object.values(summary[name]?.metrics ?? {}) as { packets_loss_percentage?: number | null; mos?: { avg?: number | null } | null }[]);
  const losses = streams.map((it) => it.packets_loss_percentage).filter((it) => it != null);
  const scores = streams.map((it) => it.mos?.avg).filter((it) => it != null);
  if (losses.length === 0 && scores.length === 0) {
    if (summary.call_state !== "completed" && summary.call_state !== "answered") {
      return { tone: running ? "running" : "unknown", headline: running ? "Nothing wrong so far." : "No media flowed, so there is nothing to judge.", side: null, because: null };
    }
    const reasons = EDGES.map((name) => summary[name]?.["not_measured"] as string | null | undefined).filter((it) => it != null);
    const reason = NOT_MEASURED[reasons[0] ?? ""] ?? "no source told of it";
    return { tone: "unknown", headline: `How it sounded is not known: ${reason}.`, side: null, because: null };
  }
  const figures: string[] = [];
  if (losses.length > 0) figures.push(`at most ${Math.max(...losses).toFixed(1)} % lost`);
  if (scores.length > 0) figures.push(`MOS ${Math.min(...scores).toFixed(2)}`);
  const headline = running ? `Nothing wrong so far: ${figures.join(", ")}.` : `Nothing wrong was measured: ${figures.join(", ")}.`;
  return { tone: running ? "running" : "good", headline, side: null, because: null };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
