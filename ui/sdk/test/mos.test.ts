import { expect, test } from "vitest";
import { grade, mos } from "../src/mos";

test.each([
  // What an unmodified Voice SDK computed of the same figures: round trip, jitter, loss.
  [1, 22, 6.06, 3.96],
  [1, 21, 10, 3.52],
  [1, 1, 2.63, 4.28],
  [1.144, 0, 10, 3.57],
  [1.144, 1, 13.64, 3.12],
  [1, 0, 7.5, 3.85],
  // The formula's branches: delays below 160, from 160, from 1000 ms; loss beyond R / 2.5.
  [0, 0, 0, 4.43],
  [149, 0, 0, 4.36],
  [150, 0, 0, 4.36],
  [400, 0, 0, 3.39],
  [0, 200, 0, 3.39],
  [989, 0, 0, 1],
  [990, 0, 0, 1],
  [0, 0, 37, 1],
  [0, 0, 100, 1],
] as const)("mos(%s ms, %s ms, %s percent) is %s", (rtt, jitter, loss, score) => {
  expect(mos(rtt, jitter, loss)).toBeCloseTo(score, 2);
});

test.each([
  [null, 1, 0],
  [1, null, 0],
  [1, 1, null],
  [-1, 1, 0],
  [1, -1, 0],
  [1, 1, -1],
  [Number.NaN, 1, 0],
  [1, Number.POSITIVE_INFINITY, 0],
] as const)("mos(%s, %s, %s) is not known", (rtt, jitter, loss) => {
  expect(mos(rtt, jitter, loss)).toBeNull();
});

test.each([
  [4.43, "excellent"],
  [4.21, "excellent"],
  [4.2, "great"],
  [4.1, "great"],
  [4.05, "great"],
  [4, "good"],
  [3.7, "good"],
  [3.65, "good"],
  [3.6, "fair"],
  [3.1, "fair"],
  [3.05, "fair"],
  [3, "bad"],
  [1, "bad"],
  [null, null],
  [Number.NaN, null],
] as const)("%s is called %s, without a gap", (score, word) => {
  expect(grade(score)).toBe(word);
});
