// What something that is set up needs to be told, each with a field of its own: members of a JSON object in a parameter.

import { ApiError } from "../api/client";
import { Field } from "./field";

export interface Member {
  name: string;
  label: string;
  placeholder?: string;
  isOptional?: boolean;
  isSecret?: boolean;
  /** Several, between commas. */
  isList?: boolean;
  choices?: [value: string, label: string][];
}

export type Said = Record<string, string>;

const SECRET = { type: "password", autocomplete: "new-password" } as const;
const PLAIN = { type: "text", autocomplete: "off" } as const;

/** The object, without what is left empty. */
export function objectOf(members: Member[], said: Said): Record<string, unknown> {
  return Object.fromEntries(members.flatMap((it): [string, unknown][] => {
    const value = (said[it.name] ?? it.choices?.[0]?.[0] ?? "").trim();
    if (value === "") return [];
    return [[it.name, it.isList ? value.split(/[\s,;]+/).filter((one) => one !== "") : value]];
  }));
}

/** What the server did not take: of an object in a parameter it says in its text which member it was. */
export function fieldOf(error: unknown, parameter: string): string | null {
  if (!(error instanceof ApiError)) return null;
  if (error.parameter !== parameter) return error.parameter;
  return /^Invalid \w+: (\w+) /.exec(error.message)?.[1] ?? null;
}

export function MemberFields({ members, said, of, onSay }: { members: Member[]; said: Said; of: (field: string) => string | null; onSay: (name: string, value: string) => void }) {
  return (
    <>
      {members.map((member) => (
        <Field key={member.name} label={member.isOptional ? `${member.label} (may be empty)` : member.label} problem={of(member.name)}>
          {(it) => member.choices
            ? (
              <select {...it} class="select" value={said[member.name] ?? member.choices[0]![0]} onChange={(event) => onSay(member.name, event.currentTarget.value)}>
                {member.choices.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
              </select>
            )
            : (
              <input {...it} class="field" {...(member.isSecret ? SECRET : PLAIN)} value={said[member.name] ?? ""} placeholder={member.placeholder} spellcheck={false}
                onInput={(event) => onSay(member.name, event.currentTarget.value)} />
            )}
        </Field>
      ))}
    </>
  );
}
