import { describe, expect, test } from "vitest";

import { leftOver, plain } from "../src/model/views";

describe("views", () => {
  test("are the same however they are written and whether their calls are followed", () => {
    expect(plain("Tag=silence&StartTime=2026-06-01T00%3A00%3A00Z&live=on")).toBe(plain("Tag=silence&StartTime=2026-06-01T00:00:00Z"));
    expect(plain("Tag=silence")).not.toBe(plain("Tag=!silence"));
  });
  test("of a browser are taken over but for those that the server has", () => {
    const kept = JSON.stringify([{ name: "Mine ", query: "Tag=silence" }, { name: "Known", query: "HasTag=true" }, { name: "", query: "" }, { name: 7 }, null]);
    expect(leftOver(kept, [{ name: "Known", query: "" }])).toEqual([{ name: "Mine", query: "Tag=silence" }]);
  });
  test.each([null, "", "{", "{}", "[1]"])("of a browser that kept %j there are none", (kept) => {
    expect(leftOver(kept, [])).toEqual([]);
  });
});
