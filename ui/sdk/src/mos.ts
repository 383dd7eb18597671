import type * as api from "../sidetone.d.ts";

/** The formula of the Voice SDK for browsers: a simplified E-model with the delay of twice the
 * jitter and 10 ms of codec, and 2.5 of R for each percent lost. */
export const mos: typeof api.mos = (rttMs, jitterMs, lossPercent) => {
  if (!isMeasured(rttMs) || !isMeasured(jitterMs) || !isMeasured(lossPercent)) return null;
  const delay = rttMs + 2 * jitterMs + 10;
  let r = 0;
  if (delay < 160) r = 94.768 - delay / 40;
  else if (delay < 1000) r = 94.768 - (delay - 120) / 10;
  r = lossPercent <= r / 2.5 ? Math.max(r - 2.5 * lossPercent, 6.52) : 0;
  return 1 + 0.035 * r + 0.000007 * r * (r - 60) * (100 - r);
};

/** The Voice SDK's words and limits, but without its gaps: there 4.05 and 3.65 are of no class. */
export const grade: typeof api.grade = (score) => {
  if (!isMeasured(score)) return null;
  if (score > 4.2) return "excellent";
  if (score > 4) return "great";
  if (score > 3.6) return "good";
  return score > 3 ? "fair" : "bad";
};

function isMeasured(value: number | null): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
