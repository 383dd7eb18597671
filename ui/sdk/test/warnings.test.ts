import { describe, expect, test } from "vitest";
import type { Sample } from "../sidetone.d.ts";
import { count, noCounts } from "../src/counting";
import { snapshot } from "../src/snapshot";
import { Warnings } from "../src/warnings";

/** Of a second in which all is well: levels that vary, as voices do. */
function sample(second: number, said: Partial<Sample>): Sample {
  const level = second % 2 === 0 ? 1000 : 9000;
  const quiet = count(noCounts(), snapshot([]), 0);
  return {
    ...quiet, bytes_received: 5000, bytes_sent: 5000, audio_level_in: level, audio_level_out: level,
    rtt: 20, jitter: 2, mos: 4.3, packets_lost_fraction: 0, ...said,
  };
}

/** What is raised (+) and cleared (-) at which second, of samples one second apart. */
function warned(samples: Partial<Sample>[], { muted = (_: number) => false, from = 6 } = {}) {
  const warnings = new Warnings(0);
  return samples.flatMap((said, index) => {
    const second = from + index;
    const changes = warnings.add(sample(second, said), second * 1000, muted(second));
    return changes.map(({ name, raised }) => `${second}${raised ? "+" : "-"}${name}`);
  });
}

const repeat = (count: number, said: Partial<Sample>) => Array<Partial<Sample>>(count).fill(said);
const good = (count: number) => repeat(count, {});

test.each<[string, Partial<Sample>, Partial<Sample>]>([
  ["high-rtt", { rtt: 401 }, { rtt: 400 }],
  ["high-jitter", { jitter: 31 }, { jitter: 30 }],
  ["low-mos", { mos: 2.99 }, { mos: 3 }],
  ["high-packet-loss", { packets_lost_fraction: 1.01 }, { packets_lost_fraction: 1 }],
])("%s: raised by 3 of 5, cleared by 0 of 5, at its limit not", (name, bad, edge) => {
  expect(warned(repeat(20, edge))).toEqual([]);
  expect(warned([bad, {}, bad, {}, {}, bad, {}, {}, bad, {}])).toEqual([]);
  expect(warned([bad, {}, bad, {}, bad])).toEqual([`10+${name}`]);
  expect(warned([...repeat(3, bad), ...good(9)])).toEqual([`8+${name}`, `13-${name}`]);
  expect(warned([...repeat(3, bad), {}, {}, {}, {}, bad, ...good(5)])).toEqual([
    `8+${name}`, `18-${name}`,
  ]);
});

test("what was just raised stays for 5 s", () => {
  const quick = new Warnings(0);
  const add = (ms: number, rtt: number) => quick.add(sample(ms / 100, { rtt }), ms, false);
  for (const ms of [6000, 6100, 6200]) add(ms, 500);
  const cleared = [6300, 6400, 6500, 6600, 6700, 11_100, 11_200].map((ms) => add(ms, 20).length);
  expect(cleared).toEqual([0, 0, 0, 0, 0, 0, 1]);
});

test("nothing is raised in the first 5 s, and what came then counts after", () => {
  expect(warned(repeat(6, { rtt: 500 }), { from: 1 })).toEqual(["5+high-rtt"]);
});

test.each<[string, (number | null)[], string[]]>([
  ["unknown is no crossing", [500, null, 500, null, null, 500], []],
  ["three of what is known are", [500, null, 500, null, 500], ["10+high-rtt"]],
  ["unknown clears nothing", [500, 500, 500, ...Array<null>(9).fill(null)], ["8+high-rtt"]],
  ["known again it does", [500, 500, 500, null, null, 20, 20, 20, 20, 20], ["8+high-rtt", "15-high-rtt"]],
])("%s", (_, values, expected) => {
  expect(warned(values.map((rtt) => ({ rtt })))).toEqual(expected);
});

describe("high-packets-lost-fraction: the mean of 7", () => {
  const name = "high-packets-lost-fraction";
  const only = (samples: Partial<Sample>[]) =>
    warned(samples).filter((one) => one.endsWith(name));
  const lost = (percent: number) => ({ packets_lost_fraction: percent });

  test("above 3 raises, at 1 clears", () => {
    expect(only(repeat(9, lost(3)))).toEqual([]);
    expect(only(repeat(6, lost(9)))).toEqual([]);
    expect(only(repeat(7, lost(3.1)))).toEqual([`12+${name}`]);
    // 3.5 % each: below 3 after one second, at 1 after five.
    expect(only([...repeat(7, lost(3.5)), ...good(7)])).toEqual([`12+${name}`, `17-${name}`]);
  });
});

test.each(["bytes_received", "bytes_sent"] as const)("%s: 0 for 3 s, until some come", (key) => {
  const name = key === "bytes_sent" ? "low-bytes-sent" : "low-bytes-received";
  const none = { [key]: 0 };
  expect(warned([none, none, {}, none, none])).toEqual([]);
  expect(warned([...repeat(9, none), {}])).toEqual([`8+${name}`, `15-${name}`]);
});

describe("a level that does not change for 10 s", () => {
  const flat = repeat(12, { audio_level_in: 40 });

  test("is raised, also when it is low", () => {
    expect(warned(flat)).toEqual(["15+constant-audio-input-level"]);
    expect(warned(repeat(12, { audio_level_out: 0 }))).toEqual(["15+constant-audio-output-level"]);
  });

  test("is cleared by a voice", () => {
    expect(warned([...flat, ...good(6)])).toEqual([
      "15+constant-audio-input-level", "20-constant-audio-input-level",
    ]);
  });

  test("of a muted microphone is none, and muting ends it", () => {
    expect(warned(flat, { muted: () => true })).toEqual([]);
    expect(warned([...flat, ...repeat(9, { audio_level_in: 40 })], { muted: (s) => s > 18 })).toEqual([
      "15+constant-audio-input-level", "20-constant-audio-input-level",
    ]);
  });

  test("that is not known is none", () => {
    expect(warned(repeat(12, { audio_level_in: null, audio_level_out: null }))).toEqual([]);
  });
});

test("ICE that loses its way, and finds it again", () => {
  const warnings = new Warnings(0);
  const states = ["checking", "connected", "disconnected", "disconnected", "connected", "failed"] as const;
  expect(states.map((state) => warnings.ice(state, 0).map(({ raised }) => raised))).toEqual([
    [], [], [true], [], [false], [],
  ]);
});

test("a warning tells its limit and the samples, rounded", () => {
  const warnings = new Warnings(0);
  const changes = [3.456, 5.6, 12.875].map((percent, index) =>
    warnings.add(sample(index, { packets_lost_fraction: percent }), 6000 + index, false),
  );
  expect(changes.at(-1)).toEqual([
    { name: "high-packet-loss", raised: true, threshold: 1, values: [3.46, 5.6, 12.88] },
  ]);
});
