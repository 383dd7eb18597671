// What the list is narrowed by: each a chip, which opens its values with how many calls each would show.

import { useState } from "preact/hooks";

import { statistics } from "../../api/calls";
import { useLoad } from "../../api/load";
import { setQuery } from "../../app/router";
import { apiQuery, chipsOf, excluded, filterSpec, FILTERS, literal, readValue, toggled, withValues, type FilterSpec } from "../../model/filters";
import { count } from "../../model/format";
import { Icon } from "../../parts/icon";
import { Popover } from "../../parts/popover";
import { Failed, Waiting } from "../../parts/states";
import { labelOf } from "../overview/breakdowns";

/** A value as people read it. */
export function valueLabel(spec: FilterSpec, raw: string): string {
  const [value, isExcluded] = readValue(raw);
  const text = spec.kind === "bool" ? (value === "true" ? "yes" : "no")
    : spec.kind === "number" ? `${value}${spec.unit ? ` ${spec.unit}` : ""}`
    : labelOf(spec.dimension ?? "", value);
  return isExcluded ? `not ${text}` : text;
}

/** Which calls, and how they are narrowed otherwise. */
interface Narrowed {
  query: URLSearchParams;
  onChange: (next: URLSearchParams) => void;
}

/** One filter. It stays the same when it comes into force, so that its values stay open for the next. */
function Chip({ spec, values, query, onChange }: Narrowed & { spec: FilterSpec; values: string[] }) {
  const isOn = values.length > 0;
  const text = isOn ? `${spec.label}: ${values.map((it) => valueLabel(spec, it)).join(" or ")}` : spec.label;
  return (
    <span class={isOn ? "chip is-on" : "chip"}>
      <Popover class="chip-main" name={text} label={isOn ? <span class="chip-text">{text}</span> : <>{text} <Icon name="down" size={11} /></>}>
        {(close) => <Values spec={spec} query={query} onChange={onChange} close={close} />}
      </Popover>
      {isOn && (
        <button type="button" class="chip-close" aria-label={`Remove ${text}`} onClick={() => onChange(withValues(query, spec.name, []))}>
          <Icon name="close" size={12} />
        </button>
      )}
    </span>
  );
}

/** All filters: the usual ones, others that are in force, and the rest behind a button. */
export function FilterBar({ query, onChange = setQuery, name = "Filters", without = [] }: { query: URLSearchParams; onChange?: Narrowed["onChange"]; name?: string; without?: string[] }) {
  const chips = chipsOf(query);
  const on = new Map(chips.map((it) => [it.name, it.values]));
  const usual = FILTERS.filter((it) => it.common);
  const others = chips.filter((it) => !usual.some((spec) => spec.name === it.name)).map((it) => filterSpec(it.name));
  return (
    <div class="chips" role="group" aria-label={name}>
      {[...usual, ...others].map((it) => <Chip key={it.name} spec={it} values={on.get(it.name) ?? []} query={query} onChange={onChange} />)}
      <span class="chip">
        <Popover class="chip-main" name="More filters" label={<><Icon name="plus" size={12} /> Filter</>}>
          {(close) => <More query={query} onChange={onChange} close={close} without={without} />}
        </Popover>
      </span>
      {chips.length > 1 && (
        <button type="button" class="link" onClick={() => {
          const next = new URLSearchParams(query);
          for (const it of chips) next.delete(it.name);
          onChange(next);
        }}>Clear all</button>
      )}
    </div>
  );
}

/** A form around it is not sent by it. */
const onEnter = (run: () => void) => (event: KeyboardEvent) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  run();
};

function More({ query, onChange, close, without }: Narrowed & { close: () => void; without: string[] }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<FilterSpec | null>(null);
  if (chosen) {
    return (
      <div>
        <button type="button" class="link back" onClick={() => setChosen(null)}><Icon name="left" size={12} /> {chosen.label}</button>
        <Values spec={chosen} query={query} onChange={onChange} close={close} />
      </div>
    );
  }
  const fitting = FILTERS.filter((it) => !without.includes(it.name) && it.label.toLowerCase().includes(text.trim().toLowerCase()));
  return (
    <div class="menu">
      <input type="search" class="field" placeholder="Which filter?" aria-label="Find a filter" value={text} onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onEnter(() => fitting[0] && setChosen(fitting[0]))} />
      <div class="menu-list">
        {fitting.map((it) => <button key={it.name} type="button" class="menu-item" onClick={() => setChosen(it)}>{it.label}</button>)}
        {fitting.length === 0 && <p class="quiet">There is no such filter.</p>}
      </div>
    </div>
  );
}

type OfFilter = Narrowed & { spec: FilterSpec; close: () => void };

function Values(props: OfFilter) {
  if (props.spec.kind === "bool") return <YesNo {...props} />;
  if (props.spec.dimension) return <Counted {...props} />;
  return <Typed {...props} />;
}

function YesNo({ spec, query, onChange, close }: OfFilter) {
  const now = query.get(spec.name);
  const set = (value: string | null) => {
    onChange(withValues(query, spec.name, value === null ? [] : [value]));
    close();
  };
  return (
    <div class="menu">
      {[["Yes", "true"], ["No", "false"], ["Either", null]].map(([label, value]) => (
        <button key={label} type="button" class="menu-item" aria-pressed={now === value} onClick={() => set(value ?? null)}>{spec.label}: {label}</button>
      ))}
    </div>
  );
}

function Typed({ spec, query, onChange, close }: OfFilter) {
  const [text, setText] = useState(query.get(spec.name) ?? "");
  return (
    <form class="menu" onSubmit={(event) => {
      event.preventDefault();
      const value = text.trim();
      onChange(withValues(query, spec.name, value === "" ? [] : [value]));
      close();
    }}>
      <label class="field-label">
        {spec.label}{spec.unit && ` (${spec.unit})`}
        {spec.kind === "number"
          ? <input class="field" type="number" step="any" min="0" value={text} onInput={(event) => setText(event.currentTarget.value)} />
          : <input class="field" value={text} placeholder={spec.hint} onInput={(event) => setText(event.currentTarget.value)} />}
      </label>
      <button type="submit" class="button is-primary is-small">Apply</button>
    </form>
  );
}

/** Values with the number of calls that each would show, the other filters as they are. */
function Counted({ spec, query, onChange }: OfFilter) {
  const [text, setText] = useState("");
  const others = apiQuery(withValues(query, spec.name, []));
  const loaded = useLoad(`${others}|${spec.dimension}`, (signal) => statistics(others, { GroupBy: spec.dimension!, Measures: "calls", Limit: "300" }, signal));
  const chosen = query.getAll(spec.name);
  const set = (values: string[]) => onChange(withValues(query, spec.name, values));
  const known = (loaded.data?.statistics ?? []).flatMap((it) => {
    const value = (it.group as Record<string, unknown>)[spec.dimension!];
    return value === null || value === undefined ? [] : [{ value: String(value), calls: it.calls as number | null }];
  });
  const gone = chosen.map((raw) => readValue(raw)[0]).filter((value) => !known.some((it) => it.value === value)).map((value) => ({ value, calls: loaded.data ? 0 : null }));
  const typed = text.trim();
  const rows = [...gone, ...known].filter((it) => labelOf(spec.dimension!, it.value).toLowerCase().includes(typed.toLowerCase()) || it.value.includes(typed));
  return (
    <div class="menu">
      {(known.length > 8 || spec.hint) && (
        <input type="search" class="field" placeholder={spec.hint ?? `Find a ${spec.label.toLowerCase()}`} aria-label={`Find a ${spec.label.toLowerCase()}`} value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onEnter(() => { if (typed !== "") { set([...chosen, literal(typed)]); setText(""); } })} />
      )}
      {loaded.error && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting what="Counting" />}
      <ul class="menu-list values">
        {rows.map((it) => {
          const [plain, not] = [literal(it.value), excluded(it.value)];
          const isOn = chosen.includes(plain);
          const isOut = chosen.includes(not);
          return (
            <li key={it.value}>
              <label>
                <input type="checkbox" checked={isOn} onChange={() => set(toggled(query, spec.name, plain).getAll(spec.name).filter((value) => value !== not))} />
                <span>{labelOf(spec.dimension!, it.value)}</span>
                <span class="num">{it.calls === null ? "" : count(it.calls)}</span>
              </label>
              <button type="button" class="not" aria-pressed={isOut} title="Leave these calls out" aria-label={`Leave out ${labelOf(spec.dimension!, it.value)}`}
                onClick={() => set(toggled(query, spec.name, not).getAll(spec.name).filter((value) => value !== plain))}>not</button>
            </li>
          );
        })}
        {loaded.data && rows.length === 0 && <li class="quiet">{typed === "" ? "No call here has any." : "Enter searches for this text."}</li>}
      </ul>
    </div>
  );
}
