import { describe, expect, test } from "vitest";
import { snapshot, together } from "../src/snapshot";

type Stats = Record<string, unknown> & { id: string };

const take = (...stats: Stats[]) => snapshot(stats.map((one) => [one.id, one]));

const chromium: Stats[] = [
  { id: "I1", type: "inbound-rtp", kind: "audio", ssrc: 11, packetsReceived: 98, packetsLost: 2,
    bytesReceived: 9000, jitter: 0.0123456, audioLevel: 0.25, codecId: "C1" },
  { id: "I2", type: "inbound-rtp", kind: "video", ssrc: 12, packetsReceived: 7, jitter: 3 },
  { id: "O1", type: "outbound-rtp", kind: "audio", ssrc: 21, packetsSent: 50, bytesSent: 4000 },
  { id: "R1", type: "remote-inbound-rtp", kind: "audio", ssrc: 21, roundTripTime: 0.081 },
  { id: "S1", type: "media-source", kind: "audio", audioLevel: 0.5 },
  { id: "C1", type: "codec", mimeType: "audio/opus", clockRate: 48000, sdpFmtpLine: "minptime=10" },
  { id: "T1", type: "transport", selectedCandidatePairId: "P2" },
  { id: "P1", type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: 9 },
  { id: "P2", type: "candidate-pair", currentRoundTripTime: 0.01, localCandidateId: "L", remoteCandidateId: "M" },
  { id: "L", type: "local-candidate", candidateType: "srflx", protocol: "udp", address: "192.0.2.1", networkType: "wifi" },
  { id: "M", type: "remote-candidate", candidateType: "host", protocol: "udp", ip: "192.0.2.2" },
];

describe("a report of Chromium", () => {
  const taken = take(...chromium);

  test("is read in milliseconds, of its audio alone", () => {
    expect(taken).toMatchObject({
      received: { 11: { packets: 98, bytes: 9000, lost: 2 } },
      sent: { 21: { packets: 50, bytes: 4000 } },
      jitter: 12.346,
      rtt: 81,
      levelIn: 0.5,
      levelOut: 0.25,
      codec: { name: "opus", clockRate: 48000, parameters: "minptime=10" },
    });
    expect(Object.keys(taken.received)).toEqual(["11"]);
  });

  test("names the selected way, without addresses", () => {
    expect(taken.pair?.local).toEqual({
      candidate_type: "srflx", protocol: "udp", relay_protocol: null, "network-type": "wifi",
    });
    expect(JSON.stringify(taken)).not.toContain("192.0.2");
  });
});

test.each<[string, Stats[], number | null]>([
  ["the far end's word", chromium, 81],
  ["the selected pair, without it", chromium.filter((one) => one.id !== "R1"), 10],
  ["the nominated pair, without a transport",
    chromium.filter((one) => !["R1", "T1", "P2"].includes(one.id)), 9000],
  ["what Firefox selects", [{ id: "P", type: "candidate-pair", selected: true, currentRoundTripTime: 0.02 }], 20],
  ["a far end that has not said anything yet", [{ id: "R", type: "remote-inbound-rtp", kind: "audio" }], null],
  ["no number", [{ id: "R", type: "remote-inbound-rtp", kind: "audio", roundTripTime: "1" }], null],
  ["less than nothing", [{ id: "R", type: "remote-inbound-rtp", kind: "audio", roundTripTime: -1 }], null],
  ["nothing", [], null],
])("the round trip is of %s", (_, stats, rtt) => {
  expect(take(...stats).rtt).toBe(rtt);
});

test("what is missing is null, and counts are 0", () => {
  expect(take({ id: "I", type: "inbound-rtp", mediaType: "audio" })).toEqual({
    received: { I: { packets: 0, bytes: 0, lost: 0 } },
    sent: {}, codec: null, jitter: null, rtt: null, levelIn: null, levelOut: null, pair: null,
  });
});

test("of several streams the worst jitter and the loudest level hold", () => {
  const stream = (ssrc: number, jitter: number, audioLevel: number) => ({
    id: `I${ssrc}`, type: "inbound-rtp", kind: "audio", ssrc, jitter, audioLevel,
  });
  const apart = [take(stream(1, 0.001, 0.9)), take(stream(2, 0.002, 0.1))];
  for (const taken of [take(stream(1, 0.001, 0.9), stream(2, 0.002, 0.1)), together(apart)]) {
    expect(taken).toMatchObject({ jitter: 2, levelOut: 0.9 });
    expect(Object.keys(taken.received)).toEqual(["1", "2"]);
  }
});
