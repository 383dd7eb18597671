// What fires, what fired, and the rules that say when.

import { alertRules, alerts, callsOf, muteRule, type Alert, type AlertRule } from "../../api/alerts";
import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { place, setQuery } from "../../app/router";
import { isAdmin } from "../../app/session";
import { toast } from "../../app/toast";
import { ago, fullTime, plural, time } from "../../model/format";
import { Listed } from "../../parts/table";

const STATES = [["", "All"], ["firing", "Firing"], ["pending", "Pending"], ["resolved", "Resolved"]] as const;

export function Alerts() {
  const state = place.value.query.get("state") ?? "";
  const known = useLoad(`alerts ${state}`, (signal) => alerts(state === "" ? {} : { State: state }, signal), { every: 10_000 });
  const rules = useLoad("rules", alertRules, { every: 30_000 });
  const choose = (id: string) => setQuery(new URLSearchParams(id === "" ? {} : { state: id }), { replace: true });
  const mute = async (rule: AlertRule, until: string) => {
    try {
      await muteRule(rule.sid, until);
      toast(until === "" ? `${rule.name} tells its receivers again.` : `${rule.name} tells nobody for ${until.replace("h", " hours")}.`);
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
    rules.reload();
  };
  return (
    <div class="alerts">
      <header class="screen-head"><h1>Alerts</h1></header>
      <Listed title="Alerts" note="the latest first" loaded={known} rows={known.data ?? []} empty={state === "" ? "No rule has been broken." : "None is in this state."}
        head={["What", "State", "Severity", "Since", "Until", "Calls"]}
        row={(it) => (
          <tr key={it.sid}>
            <th scope="row">{it.summary}</th><td>{stateOf(it)}</td><td>{it.severity}</td>
            <td title={fullTime(it.fired_time ?? it.pending_time)}>{time(it.fired_time ?? it.pending_time)}</td>
            <td title={fullTime(it.resolved_time)}>{it.resolved_time && time(it.resolved_time)}</td>
            <td>{callsOf(it) && <a href={callsOf(it)!} aria-label={`Calls of ${it.summary}`}>Show the calls</a>}</td>
          </tr>
        )}>
        <div class="segments" role="group" aria-label="State">
          {STATES.map(([id, label]) => <button key={id} type="button" aria-pressed={id === state} onClick={() => choose(id)}>{label}</button>)}
        </div>
      </Listed>
      <Listed title="Rules" loaded={rules} rows={rules.data ?? []} empty="None yet: they are made through the API, from ready-made ones or from any filters of calls."
        head={["Name", "Is bad", "Over", "Of which calls", "Severity", "Changed", ["", "num"]]}
        row={(it) => (
          <tr key={it.sid}>
            <th scope="row">{it.name}{isMuted(it) && <> <span class="badge" title={fullTime(it.muted_until)}>muted until {time(it.muted_until)}</span></>}</th>
            <td>{limitOf(it)}</td><td>{it.window}</td><td>{it.filters ? <code>{it.filters}</code> : "all"}</td><td>{it.severity}</td>
            <td title={fullTime(it.updated_time)}>{ago(it.updated_time)}</td>
            <td class="num actions">
              {isAdmin.value && (isMuted(it)
                ? <button type="button" class="link" aria-label={`Unmute ${it.name}`} onClick={() => void mute(it, "")}>Unmute</button>
                : <button type="button" class="link" aria-label={`Mute ${it.name} for 2 hours`} onClick={() => void mute(it, "2h")}>Mute for 2 hours</button>)}
            </td>
          </tr>
        )} />
    </div>
  );
}

function stateOf({ state, told, resolved_time }: Alert) {
  const word = state === "firing" ? <b class="bad-text">firing</b> : state;
  return told || state === "pending" || resolved_time ? word : <>{word} <span class="quiet">nobody told</span></>;
}

const isMuted = (it: AlertRule) => it.muted_until != null && Date.parse(it.muted_until) > Date.now();

function limitOf(it: AlertRule): string {
  if (it.measure === undefined) return "not known: a later release wrote it";
  if (it.measure === "calls" && !it.compare_weeks) return `${side(it)} calls${by(it)}`;
  const unit = it.compare_weeks ? ` % against ${plural(it.compare_weeks, "week")} before` : it.unit ? ` ${it.unit}` : "";
  return `${it.measure.replaceAll("_", " ")} ${side(it)}${unit}${by(it)}`;
}

const side = (it: AlertRule) => (it.above != null ? `above ${it.above}` : `below ${it.below}`);
const by = (it: AlertRule) => (it.group_by ? `, by ${it.group_by}` : "");
