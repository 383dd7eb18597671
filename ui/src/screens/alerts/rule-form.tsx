// The fields of a rule: what every rule says, and behind "More" what few need.

import { useEffect, useState } from "preact/hooks";

import { receivers } from "../../api/alerts";
import { useLoad } from "../../api/load";
import { readable } from "../../model/filters";
import { GROUPS, isOfServer, MEASURED, NOT_OF_RULES, PARTS, RARE, SEVERITIES, splitMeasure, unitOf, type Draft } from "../../model/rule";
import { Field, FieldSet } from "../../parts/field";
import { FilterBar } from "../calls/chips";
import type { Problem } from "./editor";

interface FormProps {
  draft: Draft;
  problem: Problem | null;
  onChange: (change: Partial<Draft>) => void;
}

/** What is wrong with a parameter. */
type Of = (...parameters: string[]) => string | null;

const KNOWN = ["Name", "Measure", "Filters", "Among", "GroupBy", "Above", "Below", "Window", "Severity", "Receivers", ...RARE];

export function RuleForm({ draft, problem, onChange }: FormProps) {
  const of: Of = (...parameters) => (problem && parameters.includes(problem.parameter ?? "") ? problem.text : null);
  const isServer = isOfServer(draft.measure);
  return (
    <>
      <Field label="Name" problem={of("Name")}>
        {(it) => <input {...it} class="field" value={draft.name} maxLength={100} placeholder="Silence on a route" autocomplete="off" onInput={(event) => onChange({ name: event.currentTarget.value })} />}
      </Field>
      <Watched draft={draft} of={of} onChange={onChange} />
      {!isServer && (
        <Which label={draft.measure === "share" ? "The share of these calls" : "Of which calls"} name="Filters" text={draft.filters} problem={of("Filters")} onChange={(filters) => onChange({ filters })} />
      )}
      {draft.measure === "share" && <Which label="Among these calls" name="Among" text={draft.among} problem={of("Among")} onChange={(among) => onChange({ among })} />}
      <Limit draft={draft} of={of} onChange={onChange} />
      <div class="pair">
        {!isServer && (
          <Field label="Each by itself" problem={of("GroupBy")}>
            {(it) => (
              <select {...it} class="select" value={draft.groupBy} onChange={(event) => onChange({ groupBy: event.currentTarget.value })}>
                <option value="">All together</option>
                {GROUPS.map(([name, label]) => <option key={name} value={name}>{label}</option>)}
              </select>
            )}
          </Field>
        )}
        <Field label="Over the last" hint="60s to 24h" problem={of("Window")}>
          {(it) => <input {...it} class="field" value={draft.window} list="windows" autocomplete="off" onInput={(event) => onChange({ window: event.currentTarget.value })} />}
        </Field>
        <datalist id="windows">{["15m", "30m", "1h", "4h", "24h"].map((it) => <option key={it} value={it} />)}</datalist>
        <Field label="Severity" problem={of("Severity")}>
          {(it) => (
            <select {...it} class="select" value={draft.severity} onChange={(event) => onChange({ severity: event.currentTarget.value })}>
              {SEVERITIES.map((severity) => <option key={severity} value={severity}>{severity}</option>)}
            </select>
          )}
        </Field>
      </div>
      <Tells draft={draft} problem={of("Receivers")} onChange={onChange} />
      <More draft={draft} of={of} problem={problem} onChange={onChange} />
      {problem && !KNOWN.includes(problem.parameter ?? "") && <p class="bad-text" role="alert">{problem.text}</p>}
    </>
  );
}

type Part = Omit<FormProps, "problem"> & { of: Of };

function Watched({ draft, of, onChange }: Part) {
  const [measured, part] = splitMeasure(draft.measure);
  const choose = (id: string) => {
    const [next] = splitMeasure(id);
    onChange({ measure: next?.isSpread ? `${id}.${part || "p95"}` : id });
  };
  return (
    <div class="pair">
      <Field label="What is watched" problem={of("Measure")}>
        {(it) => (
          <select {...it} class="select" value={measured?.id ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
            {!measured && <option value="">Choose</option>}
            {MEASURED.map(([group, all]) => <optgroup key={group} label={group}>{all.map(({ id, label }) => <option key={id} value={id}>{label}</option>)}</optgroup>)}
          </select>
        )}
      </Field>
      {measured?.isSpread && (
        <Field label="Of it" problem={null}>
          {(it) => (
            <select {...it} class="select" value={part} onChange={(event) => onChange({ measure: `${measured.id}.${event.currentTarget.value}` })}>
              {PARTS.map(([id, label]) => <option key={id} value={id}>{label}</option>)}
            </select>
          )}
        </Field>
      )}
    </div>
  );
}

/** Calls by chips, or as the address of a list has them. */
function Which({ label, name, text, problem, onChange }: { label: string; name: string; text: string; problem: string | null; onChange: (text: string) => void }) {
  const [isText, setText] = useState(false);
  const isShown = isText || problem !== null;
  return (
    <FieldSet label={label} problem={problem}>
      {/* A chip's own form is done with when it is sent. */}
      <div onSubmit={(event) => event.stopPropagation()}>
        <FilterBar query={new URLSearchParams(text)} name={label} without={NOT_OF_RULES} onChange={(next) => onChange(readable(next))} />
      </div>
      {isShown
        ? <input class="field mono" value={text} aria-label={`${label}, as text`} aria-invalid={problem !== null || undefined} placeholder="all; or as the address of a list has them: Tag=silence&CallState=completed" spellcheck={false} autocomplete="off" onInput={(event) => onChange(event.currentTarget.value)} />
        : <button type="button" class="link" aria-label={`${name} as text`} onClick={() => setText(true)}>As text</button>}
    </FieldSet>
  );
}

function Limit({ draft, of, onChange }: Part) {
  const unit = unitOf(draft);
  return (
    <Field label="Is bad when it is" problem={of("Above", "Below")}>
      {(it) => (
        <span class="limit">
          <select class="select" aria-label="Above or below" value={draft.side} onChange={(event) => onChange({ side: event.currentTarget.value as Draft["side"] })}>
            <option value="Above">above</option><option value="Below">below</option>
          </select>
          <input {...it} class="field" inputMode="decimal" value={draft.limit} autocomplete="off" onInput={(event) => onChange({ limit: event.currentTarget.value })} />
          {unit && <span class="quiet">{unit}</span>}
        </span>
      )}
    </Field>
  );
}

function Tells({ draft, problem, onChange }: { draft: Draft; problem: string | null; onChange: FormProps["onChange"] }) {
  const known = useLoad("receivers", receivers);
  const gone = known.data ? draft.receivers.filter((sid) => !known.data!.some((it) => it.sid === sid)) : [];
  const toggle = (sid: string) => onChange({ receivers: draft.receivers.includes(sid) ? draft.receivers.filter((it) => it !== sid) : [...draft.receivers, sid] });
  return (
    <FieldSet label="Tells" problem={problem}>
      <div class="choices">
        {(known.data ?? []).map((it) => (
          <label key={it.sid} class="switch"><input type="checkbox" checked={draft.receivers.includes(it.sid)} onChange={() => toggle(it.sid)} /> {it.description} <span class="quiet">{it.type}</span></label>
        ))}
        {gone.map((sid) => <label key={sid} class="switch"><input type="checkbox" checked onChange={() => toggle(sid)} /> <code>{sid}</code> <span class="quiet">is no more</span></label>)}
      </div>
      {known.data?.length === 0 && <p class="quiet">Nobody yet: <a href="/alerts/receivers?make=on">make a receiver</a>. The rule shows what it finds here all the same.</p>}
      {known.error && <p class="bad-text">{known.error.message}</p>}
    </FieldSet>
  );
}

function More({ draft, of, problem, onChange }: FormProps & { of: Of }) {
  const isSaid = [draft.release, draft.for, draft.minCalls, draft.compareWeeks, draft.quietHours, draft.mutedUntil].some((it) => it !== "");
  const [isOpen, setOpen] = useState(isSaid);
  const isWrong = RARE.includes(problem?.parameter ?? "");
  useEffect(() => {
    if (isWrong) setOpen(true);
  }, [isWrong]);
  const field = (label: string, parameter: string, name: "release" | "for" | "minCalls" | "compareWeeks" | "quietHours" | "timeZone" | "mutedUntil", hint: string, placeholder = "") => (
    <Field label={label} hint={hint} problem={of(parameter)}>
      {(it) => <input {...it} class="field" value={draft[name]} placeholder={placeholder} autocomplete="off" onInput={(event) => onChange({ [name]: event.currentTarget.value })} />}
    </Field>
  );
  const usual = draft.measure === "calls" || isOfServer(draft.measure) ? "0" : "20";
  return (
    <details class="more" open={isOpen || isWrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>More</summary>
      <div class="pair">
        {field("Is good again at", "Release", "release", "Between it and the limit, an alert goes on", draft.limit)}
        {field("Only after", "For", "for", "How long it must be bad, up to 24h", "0s")}
        {field("From so many calls", "MinCalls", "minCalls", "With fewer, nothing is known", usual)}
        {field("Against the weeks before", "CompareWeeks", "compareWeeks", "1 to 8: the limit is then percent of change", "no")}
        {field("Quiet hours", "QuietHours", "quietHours", "When nobody is told that it fires", "22:00-06:00")}
        {field("Time zone", "TimeZone", "timeZone", "Of quiet hours and of weeks before", "UTC")}
        {field("Muted until", "MutedUntil", "mutedUntil", "A time, or a length from now: 2h", "not muted")}
      </div>
    </details>
  );
}
