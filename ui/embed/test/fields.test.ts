import { expect, test } from "vitest";
import { type Annotation, annotationOf, changes, clashes, form, lengthOf } from "../annotate/fields";
import { WORDS } from "../annotate/words";

const NOTHING: Annotation = annotationOf({});

test.each<[string, Record<string, unknown>, Partial<Annotation>]>([
  ["nothing", {}, {}],
  ["the API's zero values", { answered_by: "unknown_answered_by", connectivity_issue: "unknown_connectivity_issue",
    quality_issues: ["unknown_quality_issue"] }, {}],
  ["a comment is a text, whatever it begins with", { comment: "unknown_caller" }, { comment: "unknown_caller" }],
  ["no issues", { quality_issues: [] }, {}],
  ["all", { answered_by: "human", quality_issues: ["echo"], spam: false, call_score: 1 },
    { answered_by: "human", quality_issues: ["echo"], spam: false, call_score: 1 }],
])("%s", (_, body, said) => {
  expect(annotationOf(body)).toEqual({ ...NOTHING, ...said });
});

test.each<[Partial<Annotation>, Partial<Annotation>, Partial<Annotation>]>([
  [{}, {}, {}],
  [{ call_score: 3 }, { call_score: 4 }, { call_score: 4 }],
  [{ comment: "a" }, {}, { comment: null }],
  [{ spam: false }, {}, { spam: null }],
  [{ quality_issues: ["echo", "dtmf"] }, { quality_issues: ["dtmf", "echo"] }, {}],
])("from %j to %j changes %j", (before, after, expected) => {
  expect(changes({ ...NOTHING, ...before }, { ...NOTHING, ...after })).toEqual(expected);
});

test.each<[Partial<Annotation>, Partial<Annotation>, string[]]>([
  [{ call_score: 1 }, { comment: "x" }, []],
  [{ call_score: 1 }, { call_score: 1 }, []],
  [{ call_score: 1, comment: "y" }, { call_score: 2, comment: "x" }, ["call_score", "comment"]],
  [{ call_score: null }, { call_score: 2 }, ["call_score"]],
])("%j and %j clash in %j", (mine, theirs, fields) => {
  expect(clashes(mine, theirs)).toEqual(fields);
});

test("only what is mentioned is sent, and nothing is an empty text", () => {
  const said = { call_score: 2, quality_issues: ["echo", "owa"], spam: false, comment: null };
  expect(form(said).toString()).toBe("CallScore=2&QualityIssues=echo%2Cowa&Spam=false&Comment=");
  expect(form({ quality_issues: null }).toString()).toBe("QualityIssues=");
});

test("text is counted as the server counts it", () => {
  expect(lengthOf("  a🙂é ")).toBe(3);
});

test.each(Object.entries(WORDS))("%s says everything, with the same blanks", (_, words) => {
  const blanks = (text: unknown) => String(text).match(/[#%]/g)?.sort().join("") ?? "";
  for (const [key, english] of Object.entries(WORDS.en)) {
    const said = words[key as keyof typeof words];
    expect(String(said).trim(), key).not.toBe("");
    expect(blanks(said), key).toBe(blanks(english));
  }
});
