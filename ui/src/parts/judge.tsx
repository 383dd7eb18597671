// Fields of a judgement, for one call or many.

import { useId } from "preact/hooks";

import { SCORES } from "../model/words";

export const ISSUES = ["no_quality_issue", "low_volume", "choppy_robotic", "echo", "dtmf", "latency", "owa", "static_noise"] as const;
export const CONNECTIVITY = ["no_connectivity_issue", "invalid_number", "caller_id", "dropped_call", "number_reachability"] as const;
export const TEXT_LIMIT = 100;

export function ScoreChoice({ value, onChange }: { value: number | null; onChange: (value: number | null) => void }) {
  return (
    <fieldset class="choice">
      <legend>Score</legend>
      <div class="score-choice">
        {SCORES.map((label, i) => (
          <button key={label} type="button" aria-pressed={value === i + 1} onClick={() => onChange(value === i + 1 ? null : i + 1)}>
            <b>{i + 1}</b> <span>{label}</span>
          </button>
        ))}
      </div>
    </fieldset>
  );
}

/** A text of at most 100 characters, as the API counts them. */
export function TextField({ label, value, onChange, isPersonal = false }: { label: string; value: string; onChange: (value: string) => void; isPersonal?: boolean }) {
  const id = useId();
  const length = [...value.trim()].length;
  return (
    <div class="field-label">
      <label for={id}>{label}</label>
      <input id={id} class="field" value={value} onInput={(event) => onChange(event.currentTarget.value)} aria-invalid={length > TEXT_LIMIT} />
      <span class={length > TEXT_LIMIT ? "bad-text hint" : "hint"}>
        {length > 80 && `${length} of ${TEXT_LIMIT} characters. `}
        {isPersonal && "No names, numbers or other personal data."}
      </span>
    </div>
  );
}
