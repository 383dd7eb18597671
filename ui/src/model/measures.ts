// The measures that screens show: how they are read from a row of statistics, written, and which calls are behind them.

import type { StatisticsRow } from "../api/answers";
import { compact, count, duration, measure, milliseconds, percent } from "./format";

export interface Shown {
  id: string;
  label: string;
  /** What exactly it is. */
  title: string;
  /** The API's measure. */
  measure: string;
  read: (row: StatisticsRow) => number | null;
  format: (value: number | null) => string;
  tick?: (value: number) => string;
  /** Whether more is better, worse, or neither. */
  better: "more" | "less" | "neither";
  /** The least that an axis reaches to, or where it ends. */
  reach?: number;
  max?: number;
  min?: number;
  /** Which calls the number is of. */
  calls: (row: StatisticsRow) => Record<string, string | string[]> | null;
  about: (row: StatisticsRow) => string;
}

type Spread = { calls: number; avg: number; p50: number; p95: number; p99: number };

const field = (row: StatisticsRow, name: string): unknown => (row as unknown as Record<string, unknown>)[name] ?? null;
const number = (name: string) => (row: StatisticsRow) => field(row, name) as number | null;
export const spread = (row: StatisticsRow, name: string) => field(row, name) as Spread | null;
const of = (name: string, part: keyof Spread) => (row: StatisticsRow) => spread(row, name)?.[part] ?? null;
const behind = (name: string) => (row: StatisticsRow) => {
  if ((row as unknown as Record<string, unknown>)[name] === undefined) return "not counted yet";
  const calls = spread(row, name)?.calls;
  return calls ? `of ${count(calls)} calls` : "not known of any call";
};

export const ANSWERED = ["completed", "answered"];

export const MEASURES: Shown[] = [
  {
    id: "calls", label: "Calls", title: "Calls that started in this time", measure: "calls",
    read: (row) => row.calls, format: count, tick: compact, better: "neither", reach: 4,
    calls: () => ({}), about: (row) => `${count(number("answered")(row))} answered`,
  },
  {
    id: "asr", label: "Answered", title: "ASR: answered seizures among all seizures (ITU-T E.425)", measure: "answer_seizure_ratio",
    read: number("answer_seizure_ratio"), format: (value) => percent(value), better: "more", min: 0, max: 100,
    calls: () => ({ CallState: ANSWERED }), about: () => "answer-seizure ratio",
  },
  {
    id: "ner", label: "Effective, NER", title: "NER: seizures that the network did its part for (ITU-T E.425)", measure: "network_effectiveness_ratio",
    read: number("network_effectiveness_ratio"), format: (value) => percent(value), better: "more", min: 0, max: 100,
    calls: () => ({ CallState: "fail" }), about: () => "shows those that failed",
  },
  {
    id: "tagged", label: "With findings", title: "Calls with at least one tag", measure: "tagged",
    read: number("tagged"), format: (value) => percent(value), better: "less", min: 0, reach: 10,
    calls: () => ({ HasTag: "true" }), about: (row) => {
      const share = number("tagged")(row);
      return share === null ? "" : `${count(Math.round((share / 100) * row.calls))} tagged calls`;
    },
  },
  {
    id: "mos", label: "MOS, mean", title: "Mean opinion score of the worst stream of each call, of any method", measure: "mos",
    read: of("mos", "avg"), format: (value) => measure(value, "", 2), better: "more", min: 1, max: 5,
    calls: () => ({ MaxMos: "5" }), about: behind("mos"),
  },
  {
    id: "loss", label: "Packet loss, p95", title: "95 % of the calls lost less, on their worst stream", measure: "packet_loss",
    read: of("packet_loss", "p95"), format: (value) => percent(value, 2), better: "less", reach: 2, min: 0,
    calls: (row) => atLeast("MinPacketLoss", of("packet_loss", "p95")(row), 2), about: behind("packet_loss"),
  },
  {
    id: "pdd", label: "PDD, p95", title: "Post-dial delay: 95 % of the calls rang earlier", measure: "pdd",
    read: of("pdd", "p95"), format: milliseconds, better: "less", reach: 1000, min: 0,
    calls: (row) => atLeast("MinPdd", of("pdd", "p95")(row), 0), about: behind("pdd"),
  },
  {
    id: "talk", label: "Length, mean", title: "Mean talk time of completed calls (ALOC, ACD)", measure: "talk",
    read: of("talk", "avg"), format: duration, better: "neither", reach: 60, min: 0,
    calls: () => ({ CallState: "completed" }), about: behind("talk"),
  },
  {
    id: "score", label: "Score, mean", title: "Scores that people gave in annotations, 1 to 5", measure: "call_score",
    read: of("call_score", "avg"), format: (value) => measure(value, "", 2), better: "more", min: 1, max: 5,
    calls: () => ({ CallScoreAnnotation: ["1", "2", "3", "4", "5"] }), about: behind("call_score"),
  },
];

/** What is counted beforehand, and known at once of any number of calls. */
export const FIRST_MEASURES = "calls,answered,answer_seizure_ratio,tagged,measured";
/** What is counted of calls that have just come in any number: the others are in their documents, of which so many are read. */
export const LIGHT_MEASURES = "calls,answered,answer_seizure_ratio,tagged,pdd,call_score,measured";
export const MEASURE_PARAMETER = ["calls", "answered", "measured", ...MEASURES.map((it) => it.measure)].filter((it, i, all) => all.indexOf(it) === i).join(",");

function atLeast(name: string, value: number | null, digits: number): Record<string, string> | null {
  return value === null || value <= 0 ? null : { [name]: String(Number(value.toFixed(digits))) };
}

/** How much it changed, in words: shares by points, others by their share. Null: nothing to compare with. */
export function change(shown: Shown, now: number | null, before: number | null): { text: string; isBetter: boolean | null } | null {
  if (now === null || before === null) return null;
  const isShare = shown.max === 100 || shown.id === "tagged";
  const isScale = shown.max === 5;
  const difference = now - before;
  const size = isShare || isScale ? Math.abs(difference) : before === 0 ? null : Math.abs(difference / before) * 100;
  if (size === null) return null;
  const text = isScale ? size.toFixed(2) : isShare ? `${size.toFixed(1)} pt` : `${size >= 1000 ? `${(size / 100).toFixed(0)} ×` : `${size.toFixed(size < 10 ? 1 : 0)} %`}`;
  const isSame = isScale ? size < 0.005 : size < 0.05;
  if (isSame) return { text: "no change", isBetter: null };
  const isUp = difference > 0;
  return { text: `${isUp ? "▲" : "▼"} ${text}`, isBetter: shown.better === "neither" ? null : isUp === (shown.better === "more") };
}
