// A list of what was read: with its waiting, its error and its emptiness.

import type { ComponentChildren } from "preact";

import type { Loaded } from "../api/load";
import { Failed, Waiting } from "./states";

export function Listed<T>(props: { title: string; note?: string; loaded: Loaded<unknown>; rows: T[]; empty: string; head: (string | [label: string, className: string])[]; row: (it: T) => ComponentChildren; children?: ComponentChildren }) {
  const { loaded, rows } = props;
  return (
    <section class="card" aria-label={props.title}>
      <header class="card-head"><h2>{props.title}</h2>{props.note && <p class="quiet">{props.note}</p>}{props.children}</header>
      {loaded.error && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting />}
      {loaded.data !== null && rows.length === 0 && <p class="quiet">{props.empty}</p>}
      {rows.length > 0 && (
        <div class="scroll-x">
          <table class="table">
            <thead><tr>{props.head.map((it) => {
              const [label, name] = Array.isArray(it) ? it : [it, ""];
              return <th key={label} scope="col" class={name}>{label || <span class="visually-hidden">Actions</span>}</th>;
            })}</tr></thead>
            <tbody>{rows.map(props.row)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}
