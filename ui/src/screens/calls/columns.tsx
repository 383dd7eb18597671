// What a row of the list can show.

import type { ComponentChildren } from "preact";

import type { CallSummary } from "../../api/answers";
import { duration, fullTime, milliseconds, party, percent, time, UNKNOWN } from "../../model/format";
import { isBad, isFigureBad, worstOf, type Worst } from "../../model/quality";
import { score, word } from "../../model/words";
import { Icon, type IconName } from "../../parts/icon";

export interface Column {
  id: string;
  label: string;
  width: string;
  isNumber?: boolean;
  isDefault?: boolean;
  cell: (call: CallSummary) => ComponentChildren;
}

const STATES: Record<string, { icon: IconName; tone: string }> = {
  completed: { icon: "good", tone: "" },
  answered: { icon: "live", tone: "accent" },
  ringing: { icon: "live", tone: "accent" },
  fail: { icon: "bad", tone: "bad" },
  busy: { icon: "unknown", tone: "quiet" },
  noanswer: { icon: "unknown", tone: "quiet" },
  canceled: { icon: "unknown", tone: "quiet" },
};

export function isRunning(call: CallSummary): boolean {
  return call.end_time == null && (call.call_state === "ringing" || call.call_state === "answered" || call.call_state === "undialed");
}

export function State({ call }: { call: CallSummary }) {
  if (!call.call_state) return <span class="quiet">{UNKNOWN}</span>;
  const running = isRunning(call);
  const known = STATES[call.call_state] ?? { icon: "unknown", tone: "quiet" };
  const label = running ? (call.call_state === "ringing" ? "Ringing" : call.call_state === "undialed" ? "Queued" : "Talking") : word(call.call_state);
  return <span class={`state ${running ? "accent is-live" : known.tone}`}><Icon name={known.icon} size={14} /> {label}</span>;
}

/** What is wrong most first. `most`: how many there is room for; how many more there are is said. */
export function Tags({ tags, most = Infinity }: { tags: readonly string[] | null | undefined; most?: number }) {
  if (!tags?.length) return null;
  const all = [...tags].sort((a, b) => Number(isBad(b)) - Number(isBad(a)));
  const left = all.slice(most);
  return (
    <span class="tags">
      {all.slice(0, most).map((it) => <span key={it} class={isBad(it) ? "tag is-bad" : "tag is-warn"}>{word(it)}</span>)}
      {left.length > 0 && <span class="quiet" title={left.map(word).join(", ")}>+{left.length}</span>}
    </span>
  );
}

function Figure({ call, kind, text }: { call: CallSummary; kind: keyof Worst; text: (value: number) => string }) {
  const value = worstOf(call)[kind];
  if (value === null) return <span class="quiet">{UNKNOWN}</span>;
  const bad = isFigureBad(kind, call);
  return <span class={bad ? "figure is-bad" : "figure"}>{bad && <span aria-label="bad">▾</span>}{text(value)}</span>;
}

/** Five steps, and the number: never the colour alone. */
export function Score({ value }: { value: number | null | undefined }) {
  if (value == null) return <span class="quiet">{UNKNOWN}</span>;
  return (
    <span class={`score is-${value <= 2 ? "bad" : value === 3 ? "warn" : "ok"}`} title={score(value)}>
      <span class="score-steps" aria-hidden="true">{[1, 2, 3, 4, 5].map((it) => <i key={it} class={it <= value ? "on" : ""} />)}</span> {value}
    </span>
  );
}

export const COLUMNS: Column[] = [
  { id: "time", label: "Started", width: "9.4rem", isDefault: true, cell: (it) => <time dateTime={it.start_time ?? undefined} title={fullTime(it.start_time)}>{time(it.start_time)}</time> },
  { id: "from", label: "From", width: "minmax(8.8rem, 1fr)", isDefault: true, cell: (it) => <span class="party">{party(it.from?.caller)}</span> },
  { id: "to", label: "To", width: "minmax(8.8rem, 1fr)", isDefault: true, cell: (it) => <span class="party">{party(it.to?.callee)}</span> },
  { id: "state", label: "State", width: "7.6rem", isDefault: true, cell: (it) => <State call={it} /> },
  { id: "duration", label: "Length", width: "4.4rem", isNumber: true, isDefault: true, cell: (it) => duration(it.connect_duration ?? it.duration) },
  { id: "tags", label: "Findings", width: "minmax(14.5rem, 1.5fr)", isDefault: true, cell: (it) => <Tags tags={it.tags} most={2} /> },
  { id: "loss", label: "Loss", width: "4.4rem", isNumber: true, isDefault: true, cell: (it) => <Figure call={it} kind="loss" text={percent} /> },
  { id: "mos", label: "MOS", width: "3.6rem", isNumber: true, isDefault: true, cell: (it) => <Figure call={it} kind="mos" text={(value) => value.toFixed(2)} /> },
  { id: "carrier", label: "Carrier", width: "minmax(7.6rem, 1fr)", isDefault: true, cell: (it) => it.to?.carrier ?? it.from?.carrier ?? <span class="quiet">{UNKNOWN}</span> },
  { id: "score", label: "Score", width: "4.8rem", isDefault: true, cell: (it) => <Score value={it.annotation?.call_score} /> },
  { id: "direction", label: "Direction", width: "9rem", cell: (it) => (it.properties?.direction ? word(it.properties.direction) : UNKNOWN) },
  { id: "type", label: "Type", width: "5.4rem", cell: (it) => (it.call_type ? word(it.call_type) : UNKNOWN) },
  { id: "pdd", label: "PDD", width: "4.8rem", isNumber: true, cell: (it) => milliseconds(it.properties?.pdd_ms) },
  { id: "jitter", label: "Jitter", width: "4.8rem", isNumber: true, cell: (it) => <Figure call={it} kind="jitter" text={milliseconds} /> },
  { id: "rtt", label: "RTT", width: "4.8rem", isNumber: true, cell: (it) => <Figure call={it} kind="rtt" text={milliseconds} /> },
  { id: "sip", label: "SIP", width: "3.4rem", isNumber: true, cell: (it) => it.properties?.last_sip_response_num ?? UNKNOWN },
  { id: "by", label: "Hung up", width: "5rem", cell: (it) => (it.properties?.disconnected_by ? word(it.properties.disconnected_by) : UNKNOWN) },
  { id: "amd", label: "Answered by", width: "8.4rem", cell: (it) => (it.answered_by ? word(it.answered_by) : UNKNOWN) },
  { id: "issues", label: "Heard", width: "9rem", cell: (it) => it.annotation?.quality_issues?.map((issue) => word(issue)).join(", ") || UNKNOWN },
  { id: "comment", label: "Comment", width: "minmax(9rem, 1.5fr)", cell: (it) => it.annotation?.comment ?? UNKNOWN },
  { id: "incident", label: "Incident", width: "6.5rem", cell: (it) => it.annotation?.incident ?? UNKNOWN },
  { id: "country", label: "Country", width: "4.6rem", cell: (it) => it.to?.country_code ?? UNKNOWN },
  { id: "sid", label: "CallSid", width: "20rem", cell: (it) => <code>{it.call_sid}</code> },
];

const DEFAULT = COLUMNS.filter((it) => it.isDefault).map((it) => it.id);

/** Chosen columns, in the order of the table of them. */
export function columnsOf(query: URLSearchParams): Column[] {
  const chosen = query.get("columns")?.split(",") ?? DEFAULT;
  const columns = COLUMNS.filter((it) => chosen.includes(it.id));
  return columns.length > 0 ? columns : COLUMNS.filter((it) => it.isDefault);
}

export function withColumn(query: URLSearchParams, id: string): URLSearchParams {
  const now = columnsOf(query).map((it) => it.id);
  const chosen = now.includes(id) ? now.filter((it) => it !== id) : COLUMNS.map((it) => it.id).filter((it) => it === id || now.includes(it));
  const next = new URLSearchParams(query);
  if (chosen.join() === DEFAULT.join() || chosen.length === 0) next.delete("columns");
  else next.set("columns", chosen.join(","));
  return next;
}
