import { expect, test } from "vitest";
import { type Asked, milliseconds, share, skipped } from "../rate/prompt";
import { WORDS } from "../rate/words";
import { plural } from "../shared/language";

const CALL = "CA0123456789abcdef0123456789abcdef";
const DAY = 864e5;
const RULES = { sample: 1, throttleMs: 7 * DAY, minDuration: 20 };
const before = (more: Partial<Asked>): Asked => ({
  callSid: "CA0", at: 0, ended: "rated", refusals: 0, ...more,
});

test.each<[string, Asked | null, number, string | null]>([
  ["nobody was asked yet", null, 0, null],
  ["a day ago", before({}), DAY, "asked-lately"],
  ["eight days ago", before({}), 8 * DAY, null],
  ["refused eight days ago", before({ refusals: 1 }), 8 * DAY, "asked-lately"],
  ["refused fifteen days ago", before({ refusals: 1 }), 15 * DAY, null],
  ["refused often, two months ago", before({ refusals: 99 }), 57 * DAY, null],
  ["about this call, and the page was loaded anew", before({ callSid: CALL, ended: null }), 0, null],
  ["about this call, and it was rated", before({ callSid: CALL }), 99 * DAY, "rated"],
  ["about this call, and it was refused", before({ callSid: CALL, ended: "dismissed" }), 99 * DAY, "dismissed"],
])("asked %s", (_, asked, now, reason) => {
  expect(skipped(RULES, CALL, 60, asked, now)).toBe(reason);
});

test.each<[number | null, string | null]>([
  [null, null],
  [19, "too-short"],
  [20, null],
])("a call of %s s", (duration, reason) => {
  expect(skipped(RULES, CALL, duration, null, 0)).toBe(reason);
});

test.each([0, 0.1, 0.5, 1])("of many calls %d are asked about, the same ones always", (sample) => {
  const calls = Array.from({ length: 20_000 }, (_, number) => `CA${number.toString(16).padStart(32, "0")}`);
  const ask = (call: string) => skipped({ ...RULES, sample }, call, null, null, 0) === null;
  const asked = calls.filter(ask);
  expect(asked.length / calls.length).toBeCloseTo(sample, 1.5);
  expect(calls.filter(ask)).toEqual(asked);
  expect(share(CALL)).toBe(share(CALL));
});

test.each([
  ["30m", 18e5],
  [" 12h ", 432e5],
  ["7d", 7 * DAY],
  ["1w", 7 * DAY],
  ["45s", 45e3],
  ["0d", 0],
  ["7", 0],
  ["a while", 0],
  ["-1d", 0],
  [null, 0],
] as const)("%s is %d ms", (text, ms) => {
  expect(milliseconds(text)).toBe(ms);
});

test.each([
  ["en", 0, "0 ratings"], ["en", 1, "1 rating"], ["en", 2, "2 ratings"],
  ["fr", 0, "0 rating"], ["fr", 1, "1 rating"], ["fr", 2, "2 ratings"],
  ["pt", 0, "0 rating"], ["de", 0, "0 ratings"], ["es", 1, "1 rating"],
  ["de", 1234, "1.234 ratings"],
] as const)("%s: %d is %s", (language, number, text) => {
  expect(plural(language, number, "# rating", "# ratings")).toBe(text);
});

test.each(Object.entries(WORDS))("%s says everything", (_, words) => {
  expect(Object.keys(words).sort()).toEqual(Object.keys(WORDS.en).sort());
  for (const text of Object.values(words).flat()) expect(text.trim()).not.toBe("");
});
