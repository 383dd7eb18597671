// A judgement as it is edited, and the change that saving it makes.

import type { Annotation } from "../api/answers";

export interface Draft {
  answered_by: string;
  connectivity_issue: string;
  quality_issues: string[];
  spam: "" | "true" | "false";
  call_score: number | null;
  comment: string;
  incident: string;
}

export function draftOf(annotation: Annotation): Draft {
  return {
    answered_by: annotation.answered_by ?? "",
    connectivity_issue: annotation.connectivity_issue ?? "",
    quality_issues: [...(annotation.quality_issues ?? [])],
    spam: annotation.spam == null ? "" : annotation.spam ? "true" : "false",
    call_score: annotation.call_score ?? null,
    comment: annotation.comment ?? "",
    incident: annotation.incident ?? "",
  };
}

const PARAMETERS: Record<keyof Draft, string> = {
  answered_by: "AnsweredBy",
  connectivity_issue: "ConnectivityIssue",
  quality_issues: "QualityIssues",
  spam: "Spam",
  call_score: "CallScore",
  comment: "Comment",
  incident: "Incident",
};

export const FIELD_LABELS: Record<keyof Draft, string> = {
  answered_by: "Answered by",
  connectivity_issue: "Connectivity",
  quality_issues: "Quality issues",
  spam: "Spam",
  call_score: "Score",
  comment: "Comment",
  incident: "Incident",
};

const text = (draft: Draft, field: keyof Draft): string => {
  const value = draft[field];
  return Array.isArray(value) ? [...value].sort().join(",") : value === null ? "" : String(value).trim();
};

export const FIELDS = Object.keys(PARAMETERS) as (keyof Draft)[];

/** Which fields differ. */
export function changedFields(before: Draft, after: Draft): (keyof Draft)[] {
  return FIELDS.filter((field) => text(before, field) !== text(after, field));
}

/** Only what was changed is sent, so that what somebody else says beside it stays. Empty clears. */
export function changeForm(before: Draft, after: Draft): URLSearchParams {
  const form = new URLSearchParams();
  for (const field of changedFields(before, after)) {
    const value = after[field];
    form.set(PARAMETERS[field], Array.isArray(value) ? value.join(",") : value === null ? "" : String(value).trim());
  }
  return form;
}

/** Mine on top of what is there now. */
export function rebase(base: Draft, mine: Draft, theirs: Draft): Draft {
  const merged = { ...theirs };
  for (const field of changedFields(base, mine)) Object.assign(merged, { [field]: mine[field] });
  return merged;
}
