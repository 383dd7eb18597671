import type { Sample, Warning, WarningName } from "../sidetone.d.ts";
import { hundredths } from "./counting";

/** When something is worth a warning, and when it is over: rules of the Voice SDK for browsers. */
interface Rule {
  name: WarningName;
  value: (sample: Sample) => number | null;
  threshold: number;
  /** Of how many samples. */
  window: number;
  isRaised: (values: readonly number[], threshold: number) => boolean;
  isCleared: (values: readonly number[], threshold: number) => boolean;
}

const AUDIO_WINDOW = 10;
/** Of the samples of the last seconds, of levels to 32767. */
const AUDIO_DEVIATION = 327.67;

/** So many of the values cross the limit; it is over when none of five does. */
function crossings(
  name: WarningName,
  threshold: number,
  value: Rule["value"],
  crosses: (value: number, threshold: number) => boolean,
): Rule {
  const crossed = (values: readonly number[]) => values.filter((one) => crosses(one, threshold));
  return {
    name,
    value,
    threshold,
    window: 5,
    isRaised: (values) => crossed(values).length >= 3,
    isCleared: (values) => values.length >= 5 && crossed(values).length === 0,
  };
}

const above = (value: number, limit: number) => value > limit;
const below = (value: number, limit: number) => value < limit;

/** Nothing comes, or goes, for three seconds. */
function silence(name: WarningName, value: Rule["value"]): Rule {
  return {
    name,
    value,
    threshold: 1,
    window: 3,
    isRaised: (values, limit) => values.length >= 3 && values.every((one) => one < limit),
    isCleared: (values, limit) => values.some((one) => one >= limit),
  };
}

/** A level that hardly changes is a dead microphone or loudspeaker, not a person. */
function constant(name: WarningName, value: Rule["value"]): Rule {
  return {
    name,
    value,
    threshold: AUDIO_DEVIATION,
    window: AUDIO_WINDOW,
    isRaised: (values, limit) => values.length >= AUDIO_WINDOW && deviation(values) < limit,
    isCleared: (values, limit) => values.length >= AUDIO_WINDOW && deviation(values) >= limit,
  };
}

const LOSS_WINDOW = 7;

const RULES: readonly Rule[] = [
  crossings("high-rtt", 400, (sample) => sample.rtt, above),
  crossings("high-jitter", 30, (sample) => sample.jitter, above),
  crossings("low-mos", 3, (sample) => sample.mos, below),
  crossings("high-packet-loss", 1, (sample) => sample.packets_lost_fraction, above),
  {
    name: "high-packets-lost-fraction",
    value: (sample) => sample.packets_lost_fraction,
    threshold: 3,
    window: LOSS_WINDOW,
    isRaised: (values, limit) => values.length >= LOSS_WINDOW && mean(values) > limit,
    isCleared: (values) => mean(values) <= 1,
  },
  silence("low-bytes-received", (sample) => sample.bytes_received),
  silence("low-bytes-sent", (sample) => sample.bytes_sent),
  constant("constant-audio-input-level", (sample) => sample.audio_level_in),
  constant("constant-audio-output-level", (sample) => sample.audio_level_out),
];

/** A call has just begun: its first values say little. */
export const QUIET_MS = 5000;
/** A warning that was just raised stays for a while. */
const HOLD_MS = 5000;

/** The warnings of one call. Times are ms of any clock. */
export class Warnings {
  readonly #began: number;
  readonly #samples: Sample[] = [];
  readonly #raised = new Map<WarningName, number>();

  constructor(began: number) {
    this.#began = began;
  }

  /** What changes with this sample. Silence of a muted microphone is no fault. */
  add(sample: Sample, now: number, muted: boolean): Warning[] {
    this.#samples.push(sample);
    if (this.#samples.length > AUDIO_WINDOW) this.#samples.shift();
    if (now - this.#began < QUIET_MS) return [];
    return RULES.flatMap((rule) => this.#judge(rule, now, muted));
  }

  /** ICE lost its way, or found one again. */
  ice(state: RTCIceConnectionState, now: number): Warning[] {
    const name = "ice-connectivity-lost";
    const isRaised = this.#raised.has(name);
    if (state === "disconnected" && !isRaised) {
      this.#raised.set(name, now);
      return [{ name, raised: true }];
    }
    if ((state === "connected" || state === "completed") && isRaised) {
      this.#raised.delete(name);
      return [{ name, raised: false }];
    }
    return [];
  }

  #judge(rule: Rule, now: number, muted: boolean): Warning[] {
    const { name, threshold } = rule;
    const known: number[] = [];
    const window = this.#samples.slice(-rule.window).map(rule.value);
    for (const value of window) if (value !== null) known.push(value);
    const since = this.#raised.get(name);
    const isMuted = muted && name === "constant-audio-input-level";

    if (since === undefined) {
      if (isMuted || !rule.isRaised(known, threshold)) return [];
      this.#raised.set(name, now);
    } else {
      // What is not known is no good news: it clears nothing.
      const isOver = known.length === window.length && rule.isCleared(known, threshold);
      if (now - since < HOLD_MS || !(isMuted || isOver)) return [];
      this.#raised.delete(name);
    }
    const values = window.map((value) => (value === null ? null : hundredths(value)));
    return [{ name, raised: since === undefined, threshold, values }];
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}
