import { expect, test } from "vitest";

import type { Listing } from "../src/screens/calls/listing";
import { withCall, withoutCall } from "../src/screens/calls/listing";
import { call } from "./calls";

const at = (n: number, more = {}) => call({ call_sid: `CA${n}`, ...more });
const listing = (more: Partial<Listing> = {}): Listing => ({ calls: [at(1), at(2)], newer: [], total: 2, isTotalExact: true, next: null, error: null, isLoading: false, scroll: 0, ...more });
const sids = (calls: { call_sid: string }[]) => calls.map((it) => it.call_sid);

test("a new call comes first, and one that is there changes in its place", () => {
  const grown = withCall(listing(), at(3));
  expect(sids(grown.calls)).toEqual(["CA3", "CA1", "CA2"]);
  expect(grown.total).toBe(3);
  const changed = withCall(grown, at(2, { call_state: "busy" }));
  expect(sids(changed.calls)).toEqual(["CA3", "CA1", "CA2"]);
  expect(changed.calls[2]!.call_state).toBe("busy");
  expect(changed.total).toBe(3);
});

test("whoever looks further down is not moved", () => {
  const aside = withCall(withCall(listing({ scroll: 400 }), at(3)), at(3, { call_state: "busy" }));
  expect(sids(aside.calls)).toEqual(["CA1", "CA2"]);
  expect(aside.newer.map((it) => it.call_state)).toEqual(["busy"]);
  expect(aside.total).toBe(3);
});

test("a call that matches no more goes, once", () => {
  const shrunk = withoutCall(listing(), "CA1");
  expect(sids(shrunk.calls)).toEqual(["CA2"]);
  expect(shrunk.total).toBe(1);
  expect(withoutCall(shrunk, "CA1")).toBe(shrunk);
});
