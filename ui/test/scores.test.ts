import { expect, test } from "vitest";

import { areApart, badShare, readScores, wilson } from "../src/model/scores";

test("Wilson's interval, as the API computes it", () => {
  // Both taken from an answer of /v1/Voice/Statistics/Agreement.
  expect(wilson(13, 13).map((it) => Number(it.toFixed(3)))).toEqual([77.19, 100]);
  expect(wilson(0, 9).map((it) => Number(it.toFixed(3)))).toEqual([0, 29.915]);
  expect(wilson(0, 0)).toEqual([0, 100]);
});

test("shares differ where their intervals do not meet", () => {
  expect(areApart([10, 20], [30, 40])).toBe(true);
  expect(areApart([10, 35], [30, 40])).toBe(false);
});

test("no scores are not a mean of zero", () => {
  expect(readScores(null)).toBeNull();
  expect(readScores({ calls: 0, avg: null, distribution: {} })).toBeNull();
  expect(badShare({ calls: 4, avg: 2, distribution: { "1": 1, "2": 2, "5": 1 } })).toBe(75);
});
