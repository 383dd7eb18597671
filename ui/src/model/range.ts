// Times of a screen: relative ones, or two days.

export interface Range {
  value: string;
  label: string;
}

export const RANGES: Range[] = [
  { value: "1h", label: "Last hour" },
  { value: "4h", label: "Last 4 hours" },
  { value: "24h", label: "Last 24 hours" },
  { value: "7d", label: "Last 7 days" },
  { value: "4w", label: "Last 4 weeks" },
  { value: "90d", label: "Last 90 days" },
];

const SECONDS: Record<string, number> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `7d`. Null: it is a date. */
export function relativeSeconds(value: string): number | null {
  const match = /^(\d{1,5})([mhdw])$/.exec(value);
  return match ? Number(match[1]) * SECONDS[match[2]!]! : null;
}

export function lengthOf(start: string, end: string | null, now = Date.now()): number {
  const from = relativeSeconds(start);
  const begin = from === null ? Date.parse(start) : now - from * 1000;
  const back = end === null ? 0 : relativeSeconds(end);
  // The whole of a day that is named.
  const stop = end === null ? now : back === null ? Date.parse(end) + (/^\d{4}-\d\d-\d\d$/.test(end) ? 86_400_000 : 0) : now - back * 1000;
  return Math.max(0, (stop - begin) / 1000);
}

export type Interval = "minute" | "quarter_hour" | "hour" | "day" | "week";

export const INTERVAL_SECONDS: Record<Interval, number> = { minute: 60, quarter_hour: 900, hour: 3600, day: 86_400, week: 604_800 };

/** When an interval is over, ms: days and weeks by the reader's clocks, which are set twice a year. */
export function endOf(at: number, interval: Interval): number {
  const days = interval === "day" ? 1 : interval === "week" ? 7 : 0;
  if (days === 0) return (at + INTERVAL_SECONDS[interval]) * 1000;
  const end = new Date(at * 1000);
  end.setDate(end.getDate() + days);
  return end.getTime();
}

/** Some 30 to 100 points. */
export function intervalFor(seconds: number): Interval {
  if (seconds <= 2 * 3600) return "minute";
  if (seconds <= 26 * 3600) return "quarter_hour";
  if (seconds <= 8 * 86_400) return "hour";
  if (seconds <= 200 * 86_400) return "day";
  return "week";
}

export function rangeLabel(start: string, end: string | null): string {
  const known = end === null ? RANGES.find((it) => it.value === start) : undefined;
  if (known) return known.label;
  const seconds = relativeSeconds(start);
  if (seconds !== null && end === null) return `Last ${start}`;
  const short = (value: string) => {
    if (relativeSeconds(value) !== null) return `${value} ago`;
    return value.length > 10 ? value.slice(0, 16).replace("T", " ") : value;
  };
  return end === null ? `Since ${short(start)}` : `${short(start)} to ${short(end)}`;
}

export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** The API's times: whole seconds, UTC. */
export function isoSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}
