import { describe, expect, test } from "vitest";
import { type Counts, count, noCounts } from "../src/counting";
import { type Snapshot, snapshot } from "../src/snapshot";

const nothing: Snapshot = snapshot([]);

type Received = Record<string, [packets: number, lost: number]>;

function heard(received: Received, more: Partial<Snapshot> = {}): Snapshot {
  const streams = Object.entries(received).map(([ssrc, [packets, lost]]) => [
    ssrc, { packets, lost, bytes: packets * 100 },
  ]);
  return { ...nothing, received: Object.fromEntries(streams), ...more };
}

/** Figures of each snapshot: packets, lost, percent; and the totals after it. */
function told(snapshots: Snapshot[], counts: Counts = noCounts()) {
  return snapshots.map((taken) => {
    const sample = count(counts, taken, 0);
    return [
      [sample.packets_received, sample.packets_lost, sample.packets_lost_fraction],
      [sample.total_packets_received, sample.total_packets_lost],
    ];
  });
}

test.each<[string, Received[], ReturnType<typeof told>]>([
  ["a stream grows", [{ 1: [50, 0] }, { 1: [95, 5] }], [
    [[50, 0, 0], [50, 0]], [[45, 5, 10], [95, 5]],
  ]],
  ["nothing comes", [{ 1: [50, 1] }, { 1: [50, 1] }], [
    [[50, 1, 1.96], [50, 1]], [[0, 0, null], [50, 1]],
  ]],
  ["all is lost", [{ 1: [50, 0] }, { 1: [50, 50] }], [
    [[50, 0, 0], [50, 0]], [[0, 50, 100], [50, 50]],
  ]],
  ["late packets come after all: loss falls", [{ 1: [50, 10] }, { 1: [102, 8] }], [
    [[50, 10, 16.67], [50, 10]], [[52, -2, 0], [102, 8]],
  ]],
  ["the SSRC changes: both count", [{ 1: [50, 1] }, { 2: [40, 2] }, { 2: [90, 2] }], [
    [[50, 1, 1.96], [50, 1]], [[40, 2, 4.76], [90, 3]], [[50, 0, 0], [140, 3]],
  ]],
  ["the counters start again", [{ 1: [500, 9] }, { 1: [30, 1] }], [
    [[500, 9, 1.77], [500, 9]], [[30, 1, 3.23], [530, 10]],
  ]],
  ["a stream is away for a while", [{ 1: [50, 0] }, {}, { 1: [60, 0] }], [
    [[50, 0, 0], [50, 0]], [[0, 0, null], [50, 0]], [[10, 0, 0], [60, 0]],
  ]],
  ["several speak", [{ 1: [50, 0], 2: [50, 0] }, { 1: [99, 1], 2: [100, 0] }], [
    [[100, 0, 0], [100, 0]], [[99, 1, 1], [199, 1]],
  ]],
])("%s", (_, snapshots, expected) => {
  expect(told(snapshots.map((one) => heard(one)))).toEqual(expected);
});

test("totals go on in the next page, and on another connection", () => {
  const counts = noCounts();
  told([heard({ 1: [50, 5] })], counts);
  const kept = JSON.parse(JSON.stringify(counts)) as Counts;
  expect(told([heard({ 1: [60, 5] }), heard({ 7: [10, 0] })], kept)).toEqual([
    [[10, 0, 0], [60, 5]], [[10, 0, 0], [70, 5]],
  ]);
});

test("streams that are gone are forgotten when there were many, and their packets are not", () => {
  const counts = noCounts();
  for (let ssrc = 0; ssrc < 500; ssrc += 1) count(counts, heard({ [ssrc]: [2, 0] }), 0);
  expect(Object.keys(counts.received).length).toBeLessThanOrEqual(101);
  expect(counts.totals.received.packets).toBe(1000);
});

describe("a sample", () => {
  const taken = heard({ 1: [90, 10] }, { jitter: 22.25, rtt: 1, levelIn: 1, levelOut: 0.5 });

  test("has levels to 32767 and a time", () => {
    expect(count(noCounts(), taken, Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toMatchObject({
      timestamp: "2026-01-02T03:04:05.006Z", audio_level_in: 32767, audio_level_out: 16384,
      jitter: 22.25, rtt: 1, packets_lost_fraction: 10, mos: 3.52,
    });
  });

  test("has no jitter and no score while nothing comes", () => {
    const counts = noCounts();
    count(counts, taken, 0);
    expect(count(counts, taken, 0)).toMatchObject({ jitter: null, mos: null, rtt: 1 });
  });

  test.each([
    ["round trip", { rtt: null }],
    ["jitter", { jitter: null }],
  ])("has no score without %s", (_, missing) => {
    expect(count(noCounts(), { ...taken, ...missing }, 0)).toMatchObject({ mos: null, ...missing });
  });
});
