// The way of the call: both sides, the platform between them, and what each stream of the way was like.

import type { CallSummary, EdgeName, TagMetric } from "../../api/answers";
import { findingsOf, isOfStream, type Finding } from "../../model/findings";
import { milliseconds, party, percent, UNKNOWN } from "../../model/format";
import { partyAddress, pathOf, type Leg, type Role, type Stream } from "../../model/path";
import { MOS_METHODS, NOT_MEASURED, word } from "../../model/words";
import { Icon } from "../../parts/icon";

export function PathView({ call }: { call: CallSummary }) {
  const path = pathOf(call);
  const findings = findingsOf(call);
  return (
    <section class="card" aria-label="Path of the call">
      <header class="card-head"><h2>Path</h2><p class="quiet">Where its sound went, and how it was on each way</p></header>
      <div class="path">
        <Party call={call} role="caller" />
        <LegView call={call} leg={path.caller} findings={findings} />
        <div class="node is-platform">
          <span class="node-role">Platform</span>
          <b>{platformPlace(call)}</b>
          {findings.some((it) => it.side === "platform") && <span class="tag is-bad">{findings.find((it) => it.side === "platform")!.value}</span>}
        </div>
        <LegView call={call} leg={path.callee} findings={findings} />
        <Party call={call} role="callee" />
      </div>
    </section>
  );
}

function platformPlace(call: CallSummary): string {
  for (const name of ["sip_edge", "carrier_edge", "client_edge"] as const) {
    const place = call[name]?.properties as { edge_location?: string; twilio_signaling_ip?: string } | null | undefined;
    if (place?.edge_location) return word(place.edge_location);
    if (place?.twilio_signaling_ip) return place.twilio_signaling_ip;
  }
  return "here";
}

function Party({ call, role }: { call: CallSummary; role: Role }) {
  const it = role === "caller" ? call.from : call.to;
  const agent = pathOf(call)[role].edges.map(({ edge }) => (edge.properties as { user_agent?: string } | null | undefined)?.user_agent).find((value) => value != null);
  const sdk = (it as { sdk?: { browser?: { name?: string }; os?: { name?: string }; platform?: string } } | null)?.sdk;
  const device = agent ?? (sdk ? [sdk.browser?.name, sdk.os?.name].filter(Boolean).join(" on ") || sdk.platform : null);
  const where = [it?.city, it?.country_code].filter(Boolean).join(", ");
  return (
    <div class="node">
      <span class="node-role">{word(role)}</span>
      <b>{party(partyAddress(call, role))}</b>
      {it?.carrier && <span>{it.carrier}</span>}
      {where && <span class="quiet">{where}</span>}
      {device && <span class="quiet device" title={device}>{device}</span>}
    </div>
  );
}

function LegView({ call, leg, findings }: { call: CallSummary; leg: Leg; findings: Finding[] }) {
  const names = leg.edges.map((it) => word(it.name)).join(", ");
  if (leg.edges.length === 0) {
    return <div class="leg is-unseen"><span class="leg-name">not seen</span><p class="quiet">No source told of this leg.</p></div>;
  }
  const why = leg.edges.map((it) => it.edge["not_measured"] as string | undefined).find((it) => it != null);
  const isIce = findings.some((it) => it.tag === "ice_failure" && leg.edges.some((at) => at.name === it.edge));
  const isCallerLeg = leg.role === "caller";
  const of = (isUp: boolean) => findings.filter((it) => isOfStream(call, it, leg.role, isUp));
  return (
    <div class="leg">
      <span class="leg-name">{names}</span>
      {isIce && <span class="tag is-bad">No path found (ICE)</span>}
      <StreamView stream={leg.up} isRight={isCallerLeg} label={`From the ${leg.role}`} bad={of(true)} why={why} />
      <StreamView stream={leg.down} isRight={!isCallerLeg} label={`To the ${leg.role}`} bad={of(false)} why={why} />
    </div>
  );
}

function StreamView({ stream, isRight, label, bad, why }: { stream: Stream | null; isRight: boolean; label: string; bad: Finding[]; why: string | undefined }) {
  if (!stream) {
    return (
      <div class={`stream is-unknown ${isRight ? "is-right" : "is-left"}`}>
        <p class="stream-name">{label}</p>
        <p class="quiet">Not measured{why && NOT_MEASURED[why] ? `: ${NOT_MEASURED[why]}` : ""}</p>
      </div>
    );
  }
  const { metrics } = stream;
  const isBad = (metric: TagMetric) => bad.some((it) => (it.edge === stream.edge || it.side === "way") && it.metrics.includes(metric));
  const figures = [
    { name: "loss", text: percent(metrics.packets_loss_percentage), isBad: isBad("packets_loss_percentage") },
    { name: "jitter", text: milliseconds(metrics.jitter?.avg), isBad: isBad("jitter_avg") || isBad("late_packets_percentage") },
    { name: "RTT", text: milliseconds(metrics.rtt?.avg), isBad: isBad("rtt_avg") },
    { name: "latency", text: milliseconds(metrics.latency?.avg), isBad: isBad("latency_avg") },
    { name: "MOS", text: metrics.mos?.avg?.toFixed(2) ?? UNKNOWN, isBad: isBad("mos_avg") },
  ].filter((it) => it.text !== UNKNOWN);
  const silence = bad.find((it) => it.tag === "silence");
  const method = metrics["mos_method"] as string | undefined;
  return (
    <div class={`stream ${isRight ? "is-right" : "is-left"}${bad.length > 0 ? " is-bad" : ""}`}>
      <p class="stream-name">
        {bad.length > 0 && <Icon name="bad" size={14} />}{label}
        {metrics.codec_name && <span class="quiet"> {word(metrics.codec_name)}</span>}
      </p>
      {silence && <p class="bad-text">{silence.value}{silence.edge && silence.edge !== stream.edge && `, as the ${word(silence.edge)} counted`}</p>}
      <p class="figures">
        {figures.map((it) => <span key={it.name} class={it.isBad ? "is-bad" : ""} title={it.name === "MOS" && method ? MOS_METHODS[method] : undefined}><i>{it.name}</i> {it.text}</span>)}
        {figures.length === 0 && !silence && <span class="quiet">{figuresOf(metrics.packets_sent, stream.edge)}</span>}
      </p>
    </div>
  );
}

function figuresOf(sent: number | null | undefined, edge: EdgeName): string {
  return sent != null ? `${sent} packets sent, as the ${word(edge).toLowerCase()} counted` : "no figures";
}
