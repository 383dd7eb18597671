// Selections of calls under a name, and those that earlier releases kept in the browser.

import { readable } from "./filters";

export interface Named {
  name: string;
  query: string;
}

/** Where one begins. */
export const SUGGESTED: Named[] = [
  { name: "Running now", query: "ProcessingState=started&live=on" },
  { name: "Bad sound", query: "Tag=high_packet_loss&Tag=high_jitter&Tag=low_mos&Tag=high_latency" },
  { name: "One-way audio", query: "Tag=silence" },
  { name: "Failed", query: "CallState=fail" },
  { name: "People scored 1 or 2", query: "CallScoreAnnotation=1&CallScoreAnnotation=2" },
  { name: "Talked, not measured", query: "CallState=completed&Measured=false" },
];

/** Alike, however it is written and whether its calls are followed. */
export function plain(query: string): string {
  const params = new URLSearchParams(query);
  params.delete("live");
  return readable(params);
}

/** What a browser kept: of the names that are not kept by the server yet. */
export function leftOver(kept: string | null, known: Named[]): Named[] {
  const names = new Set(known.map((it) => it.name));
  try {
    const value = JSON.parse(kept ?? "[]") as unknown;
    if (!Array.isArray(value)) return [];
    const isView = (it: unknown): it is Named => typeof (it as Named | null)?.name === "string" && typeof (it as Named).query === "string";
    return value.filter(isView).map(({ name, query }) => ({ name: name.trim(), query })).filter((it) => it.name !== "" && !names.has(it.name));
  } catch {
    return [];
  }
}
