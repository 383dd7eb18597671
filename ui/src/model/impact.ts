// Which routes did most harm: not those with the worst rates, of which most have five calls, but those that cost most calls.

import type { StatisticsRow } from "../api/answers";

export interface Impact {
  group: Record<string, unknown>;
  row: StatisticsRow;
  /** Calls that would have gone through if the route were as good as all together. */
  failed: number;
  /** Calls that would not have been tagged. */
  tagged: number;
  /** Both: calls. */
  calls: number;
}

const ratio = (row: StatisticsRow, name: string): number | null => {
  const value = (row as unknown as Record<string, unknown>)[name];
  return typeof value === "number" ? value : null;
};

/** Worst first; what does no harm is left out. */
export function rankByImpact(rows: StatisticsRow[], all: StatisticsRow): Impact[] {
  const [allNer, allTagged] = [ratio(all, "network_effectiveness_ratio"), ratio(all, "tagged")];
  return rows
    .map((row) => {
      const [ner, tagged] = [ratio(row, "network_effectiveness_ratio"), ratio(row, "tagged")];
      const missing = ner !== null && allNer !== null ? Math.max(0, allNer - ner) : 0;
      const excess = tagged !== null && allTagged !== null ? Math.max(0, tagged - allTagged) : 0;
      const [failedCalls, taggedCalls] = [(missing / 100) * row.calls, (excess / 100) * row.calls];
      return { group: (row.group ?? {}) as Record<string, unknown>, row, failed: failedCalls, tagged: taggedCalls, calls: failedCalls + taggedCalls };
    })
    .filter((it) => it.calls >= 0.5 && Object.values(it.group).some((value) => value !== null))
    .sort((a, b) => b.calls - a.calls);
}
