// One alert: what was found, and the calls that show it.

import { alert, callsOf, titleOf, type Alert } from "../../api/alerts";
import { firstPage } from "../../api/calls";
import { useLoad } from "../../api/load";
import { isAdmin } from "../../app/session";
import { count, duration, fullTime, party, plural, time } from "../../model/format";
import { groupLabel, splitMeasure, valueIn } from "../../model/rule";
import { Failed, Waiting } from "../../parts/states";
import { Listed } from "../../parts/table";
import { Score, State, Tags } from "../calls/columns";
import { lastedOf, sinceOf, StateOf } from "./fired";

/** Of those that show it. */
const SHOWN = 50;

export function OneAlert({ sid }: { sid: string }) {
  const loaded = useLoad(sid, (signal) => alert(sid, signal), { every: 10_000 });
  const it = loaded.data;
  if (!it) return loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : <Waiting />;
  return (
    <>
      <section class="card" aria-label="What was found">
        <header class="card-head"><h2>{titleOf(it)}</h2></header>
        <dl class="facts">
          <div><dt>State</dt><dd><StateOf alert={it} /></dd></div>
          {it.severity && <div><dt>Severity</dt><dd>{it.severity}</dd></div>}
          <div><dt>Since</dt><dd>{fullTime(sinceOf(it))}</dd></div>
          <div><dt>Lasted</dt><dd>{lastedOf(it)}{it.resolved_time && <span class="quiet">, until {time(it.resolved_time)}</span>}</dd></div>
          {it.group !== null && <div><dt>{groupLabel(it.group_by ?? "Group")}</dt><dd>{it.group}</dd></div>}
          {it.measure !== undefined && <Found alert={it} />}
        </dl>
        <p class="alert-links">
          {callsOf(it) && <a class="button is-small" href={callsOf(it)!}>All calls that were looked at</a>}
          {isAdmin.value && <a class="button is-small" href={`/alerts/rules/${it.rule_sid}`}>The rule</a>}
          <a class="button is-small" href={`/alerts?RuleSid=${it.rule_sid}`}>Its other alerts</a>
        </p>
      </section>
      <Calls alert={it} />
    </>
  );
}

/** The numbers of when it fired. */
function Found({ alert: it }: { alert: Alert }) {
  const [measured, part] = splitMeasure(it.measure ?? "");
  const said = (value: number | null | undefined) => valueIn(it.unit ?? "", value ?? null);
  const isChange = it.baseline != null;
  const isBound = !isChange && it.held != null && it.held !== it.value;
  return (
    <>
      <div><dt>{measured ? `${measured.label}${part && part !== "avg" ? `, ${part}` : ""}` : it.measure}</dt><dd><b>{said(it.value)}</b> <span class="quiet">of {plural(it.calls ?? 0, "call")}</span></dd></div>
      {isChange && <div><dt>In the weeks before</dt><dd>{said(it.baseline)}{it.held != null && <>, so it changed by {valueIn("", it.held)} %</>}</dd></div>}
      {isBound && <div><dt>{it.held! < (it.value ?? 0) ? "At the least" : "At the most"}</dt><dd>{said(it.held)} <span class="quiet">the near bound of what it can be, with 95 % confidence</span></dd></div>}
      <div><dt>Limit</dt><dd>{isChange ? `${it.limit} %` : said(it.limit)}</dd></div>
    </>
  );
}

function Calls({ alert: it }: { alert: Alert }) {
  const sids = it.call_sids.slice(0, SHOWN);
  const loaded = useLoad(sids.length === 0 ? null : sids.join(), (signal) => firstPage(new URLSearchParams({ CallSids: sids.join(), ProcessingState: "all" }), SHOWN, signal));
  if (sids.length === 0) return <section class="card" aria-label="Calls that show it"><header class="card-head"><h2>Calls that show it</h2></header><p class="quiet">It is about no calls, or none of them is kept.</p></section>;
  const all = it.call_sids.length;
  return (
    <Listed title="Calls that show it" note={all > SHOWN ? `${SHOWN} of ${count(all)}, as of when it fired` : "as of when it fired"} loaded={loaded} rows={loaded.data?.call_summaries ?? []} empty="They are not kept any more."
      head={["Started", "From", "To", "State", ["Length", "num"], "Findings", "Score"]}
      row={(call) => {
        const length = call.connect_duration ?? call.duration;
        return (
          <tr key={call.call_sid}>
            <th scope="row"><a href={`/calls/${call.call_sid}`}>{time(call.start_time)}</a></th>
            <td>{party(call.from?.caller)}</td><td>{party(call.to?.callee)}</td><td><State call={call} /></td>
            <td class="num">{duration(length)}</td><td><Tags tags={call.tags} /></td><td><Score value={call.annotation?.call_score} /></td>
          </tr>
        );
      }} />
  );
}
