import { expect, test } from "vitest";

import { placed } from "../src/model/marks";
import { callsOfDraft, changeOf, draftOf, draftOfRule, FRESH, limitOf, paramsOf, previewOf, splitMeasure, unitOf } from "../src/model/rule";

const rule = "Name=Silence&Measure=share&Filters=Tag%3Dsilence&Among=CallState%3Dcompleted&GroupBy=Carrier&Window=30m&Severity=error&Release=2&Above=5&Receivers=DG1&Receivers=DG2";

test("what an address says of a rule is what is sent, and no more", () => {
  expect(paramsOf(draftOf(new URLSearchParams(rule))).toString()).toBe(rule);
  expect(paramsOf({ ...FRESH, window: "", severity: "" }).toString()).toBe("");
});

test("when a rule is bad is said as people say it", () => {
  const base = { sid: "", account_sid: "", name: "", muted_until: null, source: "api" as const, created_time: "", updated_time: "", url: "" };
  expect(limitOf({ ...base, measure: "pdd.p95", unit: "ms", above: 6000, group_by: "Carrier" })).toBe("Post-dial delay (p95) above 6000 ms, by carrier called");
  expect(limitOf({ ...base, measure: "calls", unit: "calls", below: 1 })).toBe("Number of calls below 1");
  expect(limitOf({ ...base, measure: "calls", unit: "calls", below: -30, compare_weeks: 4 })).toBe("Number of calls below -30 % against 4 weeks before");
  expect(limitOf({ ...base, measure: "call_score", unit: "", below: 3, group_by: "Agent" })).toBe("Score, mean below 3, by agent");
  expect(limitOf(base)).toBe("not known: a later release wrote it");
});

test("receivers stand one by one or between commas", () => {
  expect(draftOf(new URLSearchParams("Receivers=DG1,DG2")).receivers).toEqual(["DG1", "DG2"]);
});

test("a field that is emptied takes away what the rule had", () => {
  const draft = draftOfRule({
    sid: "AR1", account_sid: "AC1", name: "Slow", measure: "pdd.p95", unit: "ms", filters: "", among: null, group_by: "Carrier", window: "1h", above: 6000, below: null, release: 4500,
    compare_weeks: null, min_calls: 50, for: "5m", severity: "warning", quiet_hours: "22:00-06:00", time_zone: "Europe/Berlin", receivers: ["DG1"], muted_until: "2026-01-01T00:00:00Z",
    source: "api", created_time: "", updated_time: "", url: "",
  }, Date.parse("2026-06-01T00:00:00Z"));
  expect(draft).toMatchObject({ side: "Above", limit: "6000", for: "5m", minCalls: "50", mutedUntil: "" });
  const sent = changeOf({ ...draft, release: "", groupBy: "", for: "", minCalls: "", quietHours: "", receivers: [], timeZone: "" }, draft);
  expect(Object.fromEntries(sent)).toEqual({
    Name: "Slow", Measure: "pdd.p95", Window: "1h", Severity: "warning", Above: "6000",
    Filters: "", GroupBy: "", Release: "", CompareWeeks: "", QuietHours: "", Receivers: "", For: "0s", MinCalls: "20", TimeZone: "UTC",
  });
  const muted = { ...draft, mutedUntil: "2026-07-01T00:00:00Z" };
  expect(changeOf(draft, muted).get("MutedUntil")).toBe("");
  expect(changeOf(muted, draft).get("MutedUntil")).toBe("2026-07-01T00:00:00Z");
});

test("a preview is asked what it takes, once there is a limit", () => {
  expect(previewOf({ ...FRESH, measure: "calls" })).toBeNull();
  expect(previewOf(draftOf(new URLSearchParams(`${rule}&QuietHours=22:00-06:00`)))?.toString())
    .toBe("Measure=share&Filters=Tag%3Dsilence&Among=CallState%3Dcompleted&GroupBy=Carrier&Window=30m&Release=2&Above=5");
});

test("the limit has the unit of what it is held against", () => {
  expect(unitOf({ ...FRESH, measure: "pdd.p95" })).toBe("ms");
  expect(unitOf({ ...FRESH, measure: "pdd.p95", compareWeeks: "4" })).toBe("% of change");
  expect(splitMeasure("share")[0]?.unit).toBe("%");
  expect(splitMeasure("of a later release")[0]).toBeNull();
});

test("the calls of a group are those of the narrower filters", () => {
  const draft = draftOf(new URLSearchParams("Measure=share&Filters=AnsweredBy%3Dhuman&Among=AnsweredBy%3Dhuman%26AnsweredBy%3Dmachine_start%26CallState%3Dcompleted&GroupBy=Carrier"));
  expect(callsOfDraft(draft, "!Odd", 0, 60_000)).toBe("/calls?CallState=completed&AnsweredBy=human&ToCarrier=%5C!Odd&StartTime=1970-01-01T00:00:00Z&StartedBefore=1970-01-01T00:01:00Z");
  expect(callsOfDraft({ ...FRESH, measure: "dead_letters" }, null, 0, 1)).toBeNull();
  expect(callsOfDraft({ ...FRESH, measure: "calls", groupBy: "BrandedType" }, "x", 0, 1)).toBeNull();
});

test("marks keep to their lane, are wide enough to be hit, and never lie upon each other", () => {
  const mark = (from: number, to: number) => ({ from, to, label: `${from}`, href: `/${from}` });
  const told = placed([mark(900, 2000), mark(0, 1), mark(30, 31), mark(500, 600), mark(-50, -10)], [0, 1000], 1000);
  expect(told.map((it) => [it.left, it.width, it.marks.length])).toEqual([[0, 24, 1], [30, 24, 1], [500, 100, 1], [900, 100, 1]]);
  const close = placed([mark(10, 11), mark(20, 21), mark(990, 999)], [0, 1000], 1000);
  expect(close.map((it) => [it.left, it.width, it.marks.length])).toEqual([[10, 34, 2], [976, 24, 1]]);
});
