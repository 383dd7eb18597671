// What scores say together.

export interface Distribution {
  calls: number;
  avg: number | null;
  distribution: Record<string, number>;
}

export function readScores(value: unknown): Distribution | null {
  const it = value as Distribution | null | undefined;
  return it && it.calls > 0 ? it : null;
}

/** Percent of scores of 1 and 2. */
export function badShare(scores: Distribution): number {
  return (((scores.distribution["1"] ?? 0) + (scores.distribution["2"] ?? 0)) / scores.calls) * 100;
}

/** Wilson's interval of a share, in percent, with 95 % confidence. */
export function wilson(hits: number, of: number): [low: number, high: number] {
  if (of === 0) return [0, 100];
  const z = 1.959964;
  const p = hits / of;
  const middle = p + (z * z) / (2 * of);
  const spread = z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return [Math.max(0, ((middle - spread) / scale) * 100), Math.min(100, ((middle + spread) / scale) * 100)];
}

/** Whether two intervals have nothing in common: then the shares differ. */
export function areApart(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[1] < b[0] || b[1] < a[0];
}
