import type { Sample } from "../sidetone.d.ts";
import { mos } from "./mos";
import type { Snapshot, Stream } from "./snapshot";

/** What is counted of a call, as plain data: it outlives the page. */
export interface Counts {
  received: Record<string, Stream>;
  sent: Record<string, Stream>;
  totals: { received: Stream; sent: Stream };
}

const LEVEL_MAX = 32767;
/** Streams that are remembered; beyond that, those that are gone are forgotten. */
const STREAMS_MAX = 100;

export function noCounts(): Counts {
  const none = (): Stream => ({ packets: 0, bytes: 0, lost: 0 });
  return { received: {}, sent: {}, totals: { received: none(), sent: none() } };
}

/** Adds what came since the last snapshot to the totals, and tells it as a sample. A stream that was
 * not there before came whole; one whose packets became fewer began anew. */
export function count(counts: Counts, taken: Snapshot, at: number): Sample {
  const received = advance(counts.received, counts.totals.received, taken.received);
  const sent = advance(counts.sent, counts.totals.sent, taken.sent);
  const { totals } = counts;
  const expected = received.packets + received.lost;
  const lossPercent =
    expected > 0 ? hundredths(Math.min(Math.max((received.lost / expected) * 100, 0), 100)) : null;
  // Without a packet the browser repeats the value of before.
  const jitter = received.packets > 0 ? taken.jitter : null;
  const score = mos(taken.rtt, jitter, lossPercent);
  return {
    timestamp: new Date(at).toISOString(),
    audio_codec: taken.codec?.name ?? null,
    audio_level_in: level(taken.levelIn),
    audio_level_out: level(taken.levelOut),
    bytes_received: received.bytes,
    bytes_sent: sent.bytes,
    packets_received: received.packets,
    packets_sent: sent.packets,
    packets_lost: received.lost,
    packets_lost_fraction: lossPercent,
    jitter,
    rtt: taken.rtt,
    mos: score === null ? null : hundredths(score),
    total_bytes_received: totals.received.bytes,
    total_bytes_sent: totals.sent.bytes,
    total_packets_received: totals.received.packets,
    total_packets_sent: totals.sent.packets,
    total_packets_lost: totals.received.lost,
  };
}

function advance(
  known: Record<string, Stream>,
  total: Stream,
  now: Record<string, Stream>,
): Stream {
  const interval: Stream = { packets: 0, bytes: 0, lost: 0 };
  for (const [name, stream] of Object.entries(now)) {
    const before = known[name];
    const since = before && before.packets <= stream.packets ? before : null;
    for (const key of ["packets", "bytes", "lost"] as const) {
      const more = stream[key] - (since?.[key] ?? 0);
      interval[key] += more;
      total[key] += more;
    }
    known[name] = { ...stream };
  }
  if (Object.keys(known).length > STREAMS_MAX) {
    for (const name of Object.keys(known)) if (!(name in now)) delete known[name];
  }
  return interval;
}

function level(share: number | null): number | null {
  return share === null ? null : Math.round(Math.min(Math.max(share, 0), 1) * LEVEL_MAX);
}

export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
