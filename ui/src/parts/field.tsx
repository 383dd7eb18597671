// A field of a form: its label, what may be said in it, and what the server did not take.

import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";

export interface FieldAttributes {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

export function Field({ label, hint, problem, children }: { label: string; hint?: ComponentChildren; problem: string | null; children: (it: FieldAttributes) => VNode }) {
  const id = useId();
  const isTold = problem !== null || hint !== undefined;
  return (
    <div class="field-label">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": isTold ? `${id}-told` : undefined, "aria-invalid": problem !== null || undefined })}
      <Told id={`${id}-told`} problem={problem} hint={hint} />
    </div>
  );
}

/** The same of several controls that say one thing together. */
export function FieldSet({ label, hint, problem, children }: { label: string; hint?: ComponentChildren; problem: string | null; children: ComponentChildren }) {
  const id = useId();
  return (
    <fieldset class="field-set" aria-describedby={problem !== null || hint !== undefined ? id : undefined} data-invalid={problem !== null || undefined}>
      <legend>{label}</legend>
      {children}
      <Told id={id} problem={problem} hint={hint} />
    </fieldset>
  );
}

function Told({ id, problem, hint }: { id: string; problem: string | null; hint: ComponentChildren }) {
  if (problem !== null) return <span id={id} class="bad-text hint" role="alert">{problem}</span>;
  return hint === undefined ? null : <span id={id} class="hint">{hint}</span>;
}

/** Where somebody goes on after a form was refused: the first field that something is wrong with. */
export function focusInvalid(form: HTMLElement | null): void {
  form?.querySelector<HTMLElement>(":is(input, select, textarea)[aria-invalid='true'], [data-invalid] :is(input, button)")?.focus();
}
