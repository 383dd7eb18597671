// How values are written. What is not known is a dash, never a zero.

export const UNKNOWN = "–";

const integer = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compactNumber = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(value: number | null | undefined): string {
  return value == null ? UNKNOWN : integer.format(value);
}

/** For axes: 12.4K. */
export function compact(value: number): string {
  return compactNumber.format(value);
}

/** With so many digits after the point, and its unit behind a narrow space. */
export function measure(value: number | null | undefined, unit: string, digits = 1): string {
  if (value == null) return UNKNOWN;
  return unit === "" ? value.toFixed(digits) : `${value.toFixed(digits)} ${unit}`;
}

export function percent(value: number | null | undefined, digits = 1): string {
  if (value == null) return UNKNOWN;
  // 99.96 % is not all of them, nor is 0.04 % none.
  if (value > 0 && value < 10 ** -digits / 2) return `< ${(10 ** -digits).toFixed(digits)} %`;
  if (value < 100 && Number(value.toFixed(digits)) === 100) return `> ${(100 - 10 ** -digits).toFixed(digits)} %`;
  return measure(value, "%", digits);
}

export function milliseconds(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  if (value >= 1000) return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
  return `${value < 10 ? value.toFixed(1) : integer.format(value)} ms`;
}

/** 4 s, 1:41, 2:03:07. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return UNKNOWN;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** In words: 1 min 41 s. */
export function spelledDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const said = parts.filter(([n]) => n > 0).slice(0, 2);
  return said.length === 0 ? "0 s" : said.map(([n, unit]) => `${n} ${unit}`).join(" ");
}

export function bytes(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [n, unit] = [value, 0];
  while (n >= 1024 && unit < units.length - 1) [n, unit] = [n / 1024, unit + 1];
  return `${n >= 100 || unit === 0 ? n.toFixed(0) : n.toFixed(1)} ${units[unit]}`;
}

const timeOfDay = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/** In the reader's time zone; today's without the date. */
export function time(iso: string | null | undefined, now = new Date()): string {
  if (!iso) return UNKNOWN;
  const at = new Date(iso);
  return at.toDateString() === now.toDateString() ? timeOfDay.format(at) : dayAndTime.format(at).replace(",", "");
}

export function fullTime(iso: string | null | undefined): string {
  return iso ? full.format(new Date(iso)) : "";
}

/** 3 min ago. */
export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return "never";
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Numbers are easier to read in groups; anything else stays. */
export function party(address: string | null | undefined): string {
  if (!address) return UNKNOWN;
  const number = /^\+(\d{7,15})$/.exec(address)?.[1];
  if (!number) return address.replace(/^(client|sip):/, "");
  const code = number.slice(0, codeLength(number));
  const groups = number.slice(code.length).match(/\d{3}(?=\d{2})|\d+/g) ?? [];
  return `+${[code, ...groups].join(" ")}`;
}

/** Digits of the country code (ITU-T E.164). */
function codeLength(number: string): number {
  if (/^[17]/.test(number)) return 1;
  return /^(2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/.test(number) ? 2 : 3;
}
