/** Counters of one RTP stream since it began, as `getStats` has them. */
export interface Stream {
  packets: number;
  bytes: number;
  /** Received streams only. */
  lost: number;
}

/** What one `getStats` said of the audio. Times in ms, levels 0 to 1; `null`: it did not say. */
export interface Snapshot {
  received: Record<string, Stream>;
  sent: Record<string, Stream>;
  codec: Codec | null;
  jitter: number | null;
  rtt: number | null;
  levelIn: number | null;
  levelOut: number | null;
  pair: Pair | null;
}

export interface Codec {
  name: string;
  clockRate: number | null;
  parameters: string;
}

/** The way that ICE selected. Without addresses: those are personal data. */
export interface Pair {
  id: string;
  local: Candidate;
  remote: Candidate;
}

export interface Candidate {
  candidate_type: string | null;
  protocol: string | null;
  relay_protocol: string | null;
  "network-type": string | null;
}

// Names are of W3C webrtc-stats; which of them there are depends on browser and state.
type Stats = Record<string, unknown>;

/** Reads a report. Members that are missing or of another type are `null`, counters 0. */
export function snapshot(report: Iterable<[string, unknown]>): Snapshot {
  const byId = new Map<string, Stats>();
  for (const [id, stats] of report) byId.set(id, stats as Stats);

  const taken: Snapshot = {
    received: {},
    sent: {},
    codec: null,
    jitter: null,
    rtt: null,
    levelIn: null,
    levelOut: null,
    pair: pairOf(byId),
  };
  for (const [id, stats] of byId) {
    if ((stats.kind ?? stats.mediaType) !== "audio") continue;
    switch (stats.type) {
      case "inbound-rtp":
        taken.received[name(id, stats)] = {
          packets: count(stats.packetsReceived),
          bytes: count(stats.bytesReceived),
          lost: count(stats.packetsLost),
        };
        taken.jitter = larger(taken.jitter, ms(stats.jitter));
        taken.levelOut = larger(taken.levelOut, number(stats.audioLevel));
        taken.codec ??= codecOf(byId, stats);
        break;
      case "outbound-rtp":
        taken.sent[name(id, stats)] = {
          packets: count(stats.packetsSent),
          bytes: count(stats.bytesSent),
          lost: 0,
        };
        break;
      case "remote-inbound-rtp":
        taken.rtt = larger(taken.rtt, ms(stats.roundTripTime));
        break;
      case "media-source":
        taken.levelIn = larger(taken.levelIn, number(stats.audioLevel));
        break;
    }
  }
  // The far end's reports take seconds to come, and some gateways send none.
  taken.rtt ??= ms(selected(byId)?.currentRoundTripTime);
  for (const stats of byId.values()) {
    if (stats.type === "outbound-rtp" && stats.kind === "audio")
      taken.codec ??= codecOf(byId, stats);
  }
  return taken;
}

/** What several connections of one call say together. */
export function together(snapshots: readonly Snapshot[]): Snapshot {
  const [first, ...others] = snapshots as [Snapshot, ...Snapshot[]];
  return others.reduce(
    (all, one) => ({
      received: { ...all.received, ...one.received },
      sent: { ...all.sent, ...one.sent },
      codec: all.codec ?? one.codec,
      jitter: larger(all.jitter, one.jitter),
      rtt: larger(all.rtt, one.rtt),
      levelIn: larger(all.levelIn, one.levelIn),
      levelOut: larger(all.levelOut, one.levelOut),
      pair: all.pair ?? one.pair,
    }),
    first,
  );
}

/** Streams are counted by SSRC: an id of a stream is used again in some browsers. */
function name(id: string, stats: Stats): string {
  return typeof stats.ssrc === "number" ? String(stats.ssrc) : id;
}

function selected(byId: Map<string, Stats>): Stats | undefined {
  for (const stats of byId.values()) {
    if (stats.type !== "transport") continue;
    const pair = byId.get(String(stats.selectedCandidatePairId));
    if (pair) return pair;
  }
  // Firefox has no transport, and says it of the pair.
  for (const stats of byId.values()) {
    if (stats.type !== "candidate-pair") continue;
    if (stats.selected === true || (stats.nominated === true && stats.state === "succeeded"))
      return stats;
  }
  return undefined;
}

function pairOf(byId: Map<string, Stats>): Pair | null {
  const pair = selected(byId);
  const local = byId.get(String(pair?.localCandidateId));
  const remote = byId.get(String(pair?.remoteCandidateId));
  if (!local || !remote) return null;
  return {
    id: `${pair?.localCandidateId} ${pair?.remoteCandidateId}`,
    local: candidate(local),
    remote: candidate(remote),
  };
}

function candidate(stats: Stats): Candidate {
  return {
    candidate_type: text(stats.candidateType),
    protocol: text(stats.protocol),
    relay_protocol: text(stats.relayProtocol),
    "network-type": text(stats.networkType),
  };
}

function codecOf(byId: Map<string, Stats>, stream: Stats): Codec | null {
  const codec = byId.get(String(stream.codecId));
  const mime = text(codec?.mimeType);
  if (!codec || !mime) return null;
  return {
    name: mime.replace(/^audio\//i, ""),
    clockRate: number(codec.clockRate),
    parameters: text(codec.sdpFmtpLine) ?? "",
  };
}

function larger(held: number | null, found: number | null): number | null {
  if (held === null || found === null) return held ?? found;
  return Math.max(held, found);
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function count(value: unknown): number {
  return number(value) ?? 0;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Seconds to ms, to the microsecond: what is beyond that is the noise of binary fractions. */
function ms(seconds: unknown): number | null {
  const value = number(seconds);
  return value === null || value < 0 ? null : Math.round(value * 1e6) / 1e3;
}
