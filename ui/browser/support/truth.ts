/** What one `getStats` answered, as a list. */
export type Report = Record<string, unknown>[];

/** What a page's own `getStats` said of a call: counted here a second time, by nothing of the SDK. */
export interface Truth {
  received: number;
  lost: number;
  sent: number;
  lossPercent: number;
  jitter: { avg: number; max: number };
  mos: { avg: number; min: number; max: number };
}

interface Second {
  received: number;
  lost: number;
  jitter: number;
  mos: number;
}

/** The first report is where counting begins; each other one ends a second. */
export function truth(reports: Report[]): Truth {
  const seconds: Second[] = [];
  let before = counters(reports[0] ?? []);
  for (const report of reports.slice(1)) {
    const now = counters(report);
    const [received, lost] = [now.received - before.received, now.lost - before.lost];
    if (received > 0)
      seconds.push({ received, lost, jitter: now.jitter, mos: mos(now.rtt, now.jitter, received, lost) });
    before = now;
  }
  const { received, lost, sent } = before;
  const packets = sum(seconds.map((one) => one.received));
  const jitters = seconds.map((one) => one.jitter);
  const scores = seconds.map((one) => one.mos).filter((score) => !Number.isNaN(score));
  return {
    received,
    lost,
    sent,
    lossPercent: (100 * lost) / (received + lost),
    jitter: {
      avg: sum(seconds.map((one) => one.jitter * one.received)) / packets,
      max: Math.max(...jitters),
    },
    mos: { avg: sum(scores) / scores.length, min: Math.min(...scores), max: Math.max(...scores) },
  };
}

function counters(report: Report) {
  const of = (type: string) =>
    report.find((one) => one.type === type && one.kind === "audio") ?? {};
  const transport = report.find((one) => one.type === "transport");
  const pair = report.find((one) => one.id === transport?.selectedCandidatePairId);
  const inbound = of("inbound-rtp");
  const seconds = of("remote-inbound-rtp").roundTripTime ?? pair?.currentRoundTripTime;
  return {
    received: Number(inbound.packetsReceived ?? 0),
    lost: Number(inbound.packetsLost ?? 0),
    sent: Number(of("outbound-rtp").packetsSent ?? 0),
    jitter: Number(inbound.jitter ?? 0) * 1000,
    rtt: Number(seconds) * 1000,
  };
}

/** The Voice SDK's formula, as it is published. NaN without a round trip. */
function mos(rtt: number, jitter: number, received: number, lost: number): number {
  const percent = Math.max(0, (100 * lost) / (received + lost));
  const effective = rtt + jitter * 2 + 10;
  const r0 = effective < 160 ? 94.768 - effective / 40 : 94.768 - (effective - 120) / 10;
  const r = Math.max(r0 - percent * 2.5, 6.52);
  return 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r);
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
