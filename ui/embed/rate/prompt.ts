/** When people are asked. */
export interface Rules {
  /** Share of the calls, 0 to 1. */
  sample: number;
  /** Time between two questions, ms. Each refusal in a row doubles it, up to eightfold. */
  throttleMs: number;
  /** Calls shorter than this are not asked about, s. */
  minDuration: number;
}

/** What a browser remembers of questions. */
export interface Asked {
  callSid: string;
  at: number;
  /** How the question ended; `null`: it was left standing. */
  ended: "rated" | "dismissed" | null;
  /** Refusals in a row. */
  refusals: number;
}

export type Skipped = "rated" | "dismissed" | "too-short" | "not-sampled" | "asked-lately";

/** Why people are not asked about a call; `null`: they are. */
export function skipped(
  rules: Rules,
  callSid: string,
  duration: number | null,
  asked: Asked | null,
  now: number,
): Skipped | null {
  // A page that is loaded anew goes on where it was.
  if (asked?.callSid === callSid) return asked.ended;
  if (duration !== null && duration < rules.minDuration) return "too-short";
  if (share(callSid) >= rules.sample) return "not-sampled";
  const pause = rules.throttleMs * 2 ** Math.min(asked?.refusals ?? 0, 3);
  return asked && now - asked.at < pause ? "asked-lately" : null;
}

const UNITS: Record<string, number> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** `30m`, `12h`, `7d`; 0 when it is nothing of that kind. */
export function milliseconds(text: string | null): number {
  const [, number, unit] = /^(\d{1,6})([smhdw])$/.exec(text?.trim() ?? "") ?? [];
  return Number(number ?? 0) * (UNITS[unit ?? ""] ?? 0);
}

/** A number from 0 to 1 that is the same for a call whoever computes it (FNV-1a, 32 bits). */
export function share(callSid: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < callSid.length; at += 1)
    hash = Math.imul(hash ^ callSid.charCodeAt(at), 0x01000193);
  // The last multiplication leaves the high bits to those before it.
  hash ^= hash >>> 15;
  return (Math.imul(hash, 0x2c1b3c6d) >>> 0) / 2 ** 32;
}
