/** What people say of a call, as the API has it. */
export interface Annotation {
  call_score: number | null;
  answered_by: string | null;
  connectivity_issue: string | null;
  quality_issues: string[] | null;
  spam: boolean | null;
  comment: string | null;
  incident: string | null;
}

export type Field = keyof Annotation;
export type Changes = Partial<Annotation>;

/** Of comment and incident, in Unicode scalar values. */
export const TEXT_MAX = 100;
export const SCORES = [1, 2, 3, 4, 5] as const;
export const ANSWERED_BY = ["human", "machine"] as const;
export const CONNECTIVITY = [
  "no_connectivity_issue",
  "invalid_number",
  "caller_id",
  "dropped_call",
  "number_reachability",
] as const;
export const NO_QUALITY_ISSUE = "no_quality_issue";
export const QUALITY = [
  NO_QUALITY_ISSUE,
  "low_volume",
  "choppy_robotic",
  "echo",
  "dtmf",
  "latency",
  "owa",
  "static_noise",
] as const;

const PARAMETERS: Record<Field, string> = {
  call_score: "CallScore",
  answered_by: "AnsweredBy",
  connectivity_issue: "ConnectivityIssue",
  quality_issues: "QualityIssues",
  spam: "Spam",
  comment: "Comment",
  incident: "Incident",
};
export const FIELDS = Object.keys(PARAMETERS) as Field[];

/** Reads an answer. `unknown_…` is the API's way to say nothing. */
export function annotationOf(body: Record<string, unknown>): Annotation {
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
  const said = (value: unknown) => (text(value)?.startsWith("unknown_") ? null : text(value));
  const issues = Array.isArray(body.quality_issues) ? body.quality_issues : [];
  const known = issues.filter((issue): issue is string => said(issue) !== null);
  return {
    call_score: typeof body.call_score === "number" ? body.call_score : null,
    answered_by: said(body.answered_by),
    connectivity_issue: said(body.connectivity_issue),
    quality_issues: known.length > 0 ? known : null,
    spam: typeof body.spam === "boolean" ? body.spam : null,
    comment: text(body.comment),
    incident: text(body.incident),
  };
}

/** What is different in the second. The order of issues says nothing. */
export function changes(before: Annotation, after: Annotation): Changes {
  const different = FIELDS.filter((field) => key(before[field]) !== key(after[field]));
  return Object.fromEntries(different.map((field) => [field, after[field]]));
}

/** The fields that both changed, and not to the same. */
export function clashes(mine: Changes, theirs: Changes): Field[] {
  return FIELDS.filter(
    (field) =>
      mine[field] !== undefined &&
      theirs[field] !== undefined &&
      key(mine[field]) !== key(theirs[field]),
  );
}

/** As the API takes it: what is not mentioned stays, an empty text clears. */
export function form(said: Changes): URLSearchParams {
  const form = new URLSearchParams();
  for (const field of FIELDS) {
    const value = said[field];
    if (value === undefined) continue;
    form.set(PARAMETERS[field], Array.isArray(value) ? value.join(",") : String(value ?? ""));
  }
  return form;
}

/** As the server counts. */
export function lengthOf(text: string): number {
  return [...text.trim()].length;
}

function key(value: Annotation[Field]): string {
  return JSON.stringify(Array.isArray(value) ? [...value].sort() : value);
}
