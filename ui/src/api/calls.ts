// The API's requests that screens share.

import { LIGHT_MEASURES, MEASURE_PARAMETER } from "../model/measures";
import { ApiError, ask, get } from "./client";
import type { Annotation, CallPage, CallSummary, Statistics } from "./answers";

export function statistics(query: URLSearchParams, more: Record<string, string>, signal?: AbortSignal): Promise<Statistics> {
  const all = new URLSearchParams(query);
  for (const [name, value] of Object.entries(more)) all.set(name, value);
  return get<Statistics>("/v1/Voice/Statistics", all, signal);
}

/** Statistics of all measures; where that is too much to read (17008), of those that are counted at once. */
export async function measures(query: URLSearchParams, more: Record<string, string>, signal?: AbortSignal): Promise<Statistics> {
  try {
    return await statistics(query, { ...more, Measures: MEASURE_PARAMETER }, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 17008) throw error;
    return statistics(query, { ...more, Measures: LIGHT_MEASURES }, signal);
  }
}

/** The first page of a list, with how many calls there are. */
export function firstPage(query: URLSearchParams, size: number, signal?: AbortSignal): Promise<CallPage> {
  const all = new URLSearchParams(query);
  all.set("PageSize", String(size));
  all.set("IncludeTotal", "true");
  return get<CallPage>("/v1/Voice/Summaries", all, signal);
}

/** The page that another leads to, with all that its address says: a token is good for that alone. */
export function nextPage(next: URLSearchParams): Promise<CallPage> {
  return get<CallPage>("/v1/Voice/Summaries", next);
}

export function nextOf(page: CallPage): URLSearchParams | null {
  const url = page.meta.next_page_url;
  return url ? new URL(url, window.location.origin).searchParams : null;
}

/** With the rating of the caller, if there is one, why it has its tags, and where its recording is. */
export type RatedSummary = CallSummary & { feedback?: { quality_score: number | null; issues: string[] | null; date_updated: string | null } | null };

export function summary(sid: string, signal?: AbortSignal, hasRecording = false): Promise<RatedSummary> {
  const include = ["feedback", "tag_reasons", ...(hasRecording ? ["recording"] : [])].join();
  return get<RatedSummary>(`/v1/Voice/${sid}/Summary`, new URLSearchParams({ ProcessingState: "all", Include: include }), signal);
}

export interface Revised {
  annotation: Annotation;
  /** The revision, for `If-Match`. */
  tag: string | null;
}

export async function annotation(sid: string, signal?: AbortSignal): Promise<Revised> {
  const response = await ask(`/v1/Voice/${sid}/Annotation`, { signal });
  return { annotation: (await response.json()) as Annotation, tag: response.headers.get("ETag") };
}

export async function annotate(sid: string, change: URLSearchParams, ifMatch: string | null): Promise<Revised> {
  const response = await ask(`/v1/Voice/${sid}/Annotation`, {
    method: "POST",
    form: change,
    headers: ifMatch ? { "If-Match": ifMatch } : {},
  });
  return { annotation: (await response.json()) as Annotation, tag: response.headers.get("ETag") };
}

export interface BatchResult {
  batch: string;
  changed: number;
  unchanged: number;
  refused: { call_sid: string; message: string }[];
}

/** Says the same of many calls. */
export async function annotateMany(sids: string[], change: Record<string, unknown>): Promise<BatchResult> {
  const key = `ui-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
  const body = sids.map((call_sid) => JSON.stringify({ call_sid, ...change })).join("\n");
  const response = await ask("/v1/Voice/Annotations", {
    method: "POST",
    query: new URLSearchParams({ Key: key }),
    body,
    contentType: "application/x-ndjson",
    headers: { Accept: "application/x-ndjson" },
  });
  const lines = (await response.text()).split("\n").filter((it) => it !== "").map((it) => JSON.parse(it) as { call_sid: string; result: string; message?: string });
  return {
    batch: response.headers.get("Sidetone-Batch") ?? "",
    changed: lines.filter((it) => it.result === "changed").length,
    unchanged: lines.filter((it) => it.result === "unchanged" || it.result === "repeated").length,
    refused: lines.filter((it) => it.result === "refused").map((it) => ({ call_sid: it.call_sid, message: it.message ?? "refused" })),
  };
}

export async function undoBatch(batch: string): Promise<{ restored: number; left: string[] }> {
  const response = await ask(`/v1/Voice/Annotations/${batch}`, { method: "DELETE" });
  return (await response.json()) as { restored: number; left: string[] };
}
