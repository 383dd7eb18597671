// A table of which only the rows in sight are there.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { CallSummary } from "../../api/answers";
import { count, duration, party, time } from "../../model/format";
import { NARROW, useMedia } from "../../parts/media";
import { Score, State, Tags, type Column } from "./columns";

const WIDE_ROW = 36;
/** On a phone a row is two lines, and has no columns. */
const NARROW_ROW = 62;
const AHEAD = 12;

export interface TableProps {
  calls: CallSummary[];
  columns: Column[];
  total: number | null;
  active: string | null;
  selected: Set<string>;
  isSelectable: boolean;
  hasMore: boolean;
  startScroll: number;
  onActive: (sid: string) => void;
  onSelect: (sid: string, isRange: boolean) => void;
  onSelectAll: () => void;
  onMore: () => void;
  onScroll: (scroll: number) => void;
  fresh: ReadonlySet<string>;
}

export function CallTable(props: TableProps) {
  const { calls, columns, active, selected, isSelectable } = props;
  const box = useRef<HTMLDivElement>(null);
  const isNarrow = useMedia(NARROW);
  const ROW = isNarrow ? NARROW_ROW : WIDE_ROW;
  const [view, setView] = useState({ top: props.startScroll, height: 800 });

  useLayoutEffect(() => {
    const element = box.current!;
    element.scrollTop = props.startScroll;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const resize = new ResizeObserver(measure);
    resize.observe(element);
    return () => resize.disconnect();
  }, []);

  // Another selection begins at its top.
  useEffect(() => {
    if (props.startScroll === 0 && box.current) box.current.scrollTop = 0;
  }, [props.startScroll === 0]);

  // Whoever moves by keys sees where they are.
  useEffect(() => {
    const element = box.current;
    const at = active === null ? -1 : calls.findIndex((it) => it.call_sid === active);
    if (!element || at < 0) return;
    const [top, bottom] = [at * ROW, (at + 1) * ROW + ROW];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [active, ROW]);

  const first = Math.max(0, Math.floor(view.top / ROW) - AHEAD);
  const last = Math.min(calls.length, Math.ceil((view.top + view.height) / ROW) + AHEAD);
  const isNearEnd = last >= calls.length - 40;
  useEffect(() => {
    if (isNearEnd && props.hasMore) props.onMore();
  }, [isNearEnd, calls.length, props.hasMore]);

  const template = `${isSelectable ? "2.2rem " : ""}${columns.map((it) => it.width).join(" ")}`;
  const rowTemplate = isNarrow ? (isSelectable ? "2.2rem minmax(0, 1fr)" : "minmax(0, 1fr)") : template;
  const isAll = selected.size > 0 && selected.size >= calls.length;
  return (
    <div class="calls-box" ref={box} tabIndex={0} aria-label="Calls" role="region"
      onScroll={(event) => {
        const { scrollTop, clientHeight } = event.currentTarget;
        setView({ top: scrollTop, height: clientHeight });
        props.onScroll(scrollTop);
      }}>
      <div class="calls-table" role="table" aria-label="Calls" aria-rowcount={props.total ?? -1} aria-colcount={columns.length + (isSelectable ? 1 : 0)}>
        <div class="calls-head" role="rowgroup">
          <div class="calls-row" role="row" style={{ gridTemplateColumns: rowTemplate }}>
            {isSelectable && (
              <span role="columnheader" class="check">
                <input type="checkbox" aria-label={`Select all ${count(calls.length)} loaded calls`} checked={isAll} onChange={props.onSelectAll} />
              </span>
            )}
            {isNarrow ? <span role="columnheader">Call</span>
              : columns.map((it) => <span key={it.id} role="columnheader" class={it.isNumber ? "num" : ""}>{it.label}</span>)}
          </div>
        </div>
        <div role="rowgroup" class="calls-body" style={{ height: `${calls.length * ROW}px` }}>
          {calls.slice(first, last).map((call, i) => {
            const at = first + i;
            const sid = call.call_sid;
            const isSelected = selected.has(sid);
            const names = `${party(call.from?.caller)} to ${party(call.to?.callee)}`;
            return (
              <div key={sid} role="row" aria-rowindex={at + 2} aria-selected={isSelected}
                class={`calls-row${sid === active ? " is-active" : ""}${isSelected ? " is-selected" : ""}${props.fresh.has(sid) ? " is-fresh" : ""}`}
                style={{ gridTemplateColumns: rowTemplate, height: `${ROW}px`, transform: `translateY(${at * ROW}px)` }}
                onMouseDown={() => props.onActive(sid)}>
                {isSelectable && (
                  <span role="cell" class="check">
                    <input type="checkbox" aria-label={`Select ${names}`} checked={isSelected} onClick={(event) => props.onSelect(sid, event.shiftKey)} />
                  </span>
                )}
                {isNarrow ? <span role="cell"><NarrowCall call={call} name={names} /></span> : columns.map((it, column) => (
                  <span key={it.id} role="cell" class={it.isNumber ? "num" : ""}>
                    {column === 0
                      ? <a class="row-link" href={`/calls/${sid}`} aria-label={`Open the call ${names}`}>{it.cell(call)}</a>
                      : it.cell(call)}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function NarrowCall({ call, name }: { call: CallSummary; name: string }) {
  const length = call.connect_duration ?? call.duration;
  return (
    <>
      <span class="narrow-line">
        <a class="row-link" href={`/calls/${call.call_sid}`} aria-label={`Open the call ${name}`}>{party(call.from?.caller)} <span class="quiet">→</span> {party(call.to?.callee)}</a>
      </span>
      <span class="narrow-line is-second">
        <time dateTime={call.start_time ?? undefined}>{time(call.start_time)}</time>
        <State call={call} />
        {length != null && <span>{duration(length)}</span>}
        {call.annotation?.call_score != null && <Score value={call.annotation.call_score} />}
        <Tags tags={call.tags} />
      </span>
    </>
  );
}
