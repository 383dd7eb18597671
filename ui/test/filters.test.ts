import { expect, test } from "vitest";

import { apiQuery, callsAddress, chipsOf, excluded, literal, readValue, selectionKey, toggled } from "../src/model/filters";

test("a screen asks for the last days and every state unless it says otherwise", () => {
  expect(apiQuery(new URLSearchParams()).toString()).toBe("StartTime=7d&ProcessingState=all");
  expect(apiQuery(new URLSearchParams("StartTime=4w&Tag=silence")).toString()).toBe("StartTime=4w&Tag=silence&ProcessingState=all");
});

test("what one has in hand is found whenever it was", () => {
  expect(apiQuery(new URLSearchParams("Q=INC-7")).toString()).toBe("Q=INC-7");
});

test("the interface's own parameters are never sent", () => {
  expect(apiQuery(new URLSearchParams("columns=time,from&trend=mos&CallState=fail")).toString()).toBe("CallState=fail&StartTime=7d&ProcessingState=all");
});

test("links keep the filters and leave out what is no filter", () => {
  expect(callsAddress(new URLSearchParams("StartTime=4w&trend=mos&CallState=fail"), { HasTag: "true" })).toBe("/calls?StartTime=4w&CallState=fail&HasTag=true");
  expect(callsAddress(new URLSearchParams("CallState=fail"), { CallState: ["completed", "answered"] })).toBe("/calls?CallState=completed&CallState=answered");
});

test("values may be left out, and may begin with what leaves out", () => {
  expect(readValue(excluded("low_mos"))).toEqual(["low_mos", true]);
  for (const value of ["plain", "!odd", "\\!odder"]) expect(readValue(literal(value))).toEqual([value, false]);
});

test("chips gather the values of a filter", () => {
  const query = new URLSearchParams("Tag=silence&Tag=!low_mos&StartTime=4w&Q=x&columns=time");
  expect(chipsOf(query)).toEqual([{ name: "Tag", values: ["silence", "!low_mos"] }]);
  expect(toggled(query, "Tag", "silence").getAll("Tag")).toEqual(["!low_mos"]);
});

test("the order of parameters makes no other selection", () => {
  expect(selectionKey(new URLSearchParams("Tag=silence&StartTime=4w"))).toBe(selectionKey(new URLSearchParams("StartTime=4w&Tag=silence&trend=mos")));
});
