// A list of what was read: with its waiting, its error and its emptiness.

import { cloneElement, toChildArray, type ComponentChildren, type VNode } from "preact";

import type { Loaded } from "../api/load";
import { Failed, Waiting } from "./states";

type Head = string | [label: string, className: string];

export function Listed<T>(props: { title: string; note?: string; loaded: Loaded<unknown>; rows: T[]; empty: string; head: Head[]; row: (it: T) => VNode; foot?: ComponentChildren; children?: ComponentChildren }) {
  const { loaded, rows } = props;
  const head = props.head.map((it) => (Array.isArray(it) ? it : [it, ""]) as [string, string]);
  return (
    <section class="card" aria-label={props.title}>
      <header class="card-head"><h2>{props.title}</h2>{props.note && <p class="quiet">{props.note}</p>}{props.children}</header>
      {loaded.error && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting />}
      {loaded.data !== null && rows.length === 0 && <p class="quiet">{props.empty}</p>}
      {rows.length > 0 && (
        <div class="scroll-x">
          <table class="table is-listed">
            <thead><tr>{head.map(([label, name]) => <th key={label} scope="col" class={name}>{label || <span class="visually-hidden">Actions</span>}</th>)}</tr></thead>
            <tbody>{rows.map((it) => labelled(props.row(it), head))}</tbody>
          </table>
        </div>
      )}
      {props.foot}
    </section>
  );
}

/** Each cell with the label of its column: where there is no room for columns, it stands beside the value. */
function labelled(row: VNode, head: [label: string, className: string][]): VNode {
  const cells = toChildArray((row.props as { children?: ComponentChildren }).children) as VNode[];
  return cloneElement(row, {}, cells.map((cell, at) => cloneElement(cell, { "data-label": head[at]?.[0] || undefined } as object)));
}
