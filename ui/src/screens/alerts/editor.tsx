// A rule, new or changed. What is written stands in the address, so that nothing is lost by going elsewhere and back.

import { useEffect, useRef, useState } from "preact/hooks";

import { alertRule, deleteRule, keepRule, templates, type AlertRule } from "../../api/alerts";
import { ApiError, explain } from "../../api/client";
import { useLoad, useSettled } from "../../api/load";
import { go, place, setQuery } from "../../app/router";
import { toast } from "../../app/toast";
import { browserZone } from "../../model/range";
import { changeOf, draftOf, draftOfRule, FRESH, paramsOf, type Draft } from "../../model/rule";
import { focusInvalid } from "../../parts/field";
import { Failed, Waiting } from "../../parts/states";
import { Preview } from "./preview";
import { RuleForm } from "./rule-form";
import { DeleteRule, OfFile } from "./rules";

const LIST = "/alerts/rules";

export function Editor({ sid }: { sid: string | null }) {
  const loaded = useLoad(sid, (signal) => alertRule(sid!, signal));
  if (sid === null) {
    const { query } = place.value;
    return query.size === 0 ? <Templates /> : <Writing rule={null} begin={draftOf(query, { ...FRESH, timeZone: browserZone() })} />;
  }
  if (!loaded.data) return loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : <Waiting />;
  return <Writing rule={loaded.data} begin={draftOf(place.value.query, draftOfRule(loaded.data))} />;
}

/** Rules to begin with, each a link to the editor with what it says. */
function Templates() {
  const loaded = useLoad("templates", templates);
  return (
    <section class="card" aria-label="A new rule">
      <header class="card-head"><h2>A new rule</h2><p class="quiet">begins with one of these; all of it can be changed</p></header>
      {loaded.error && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting />}
      {loaded.data && (
        <ul class="templates">
          {loaded.data.map((it) => (
            <li key={it.name}><a href={`${LIST}/new?${new URLSearchParams({ Name: it.name, ...it.parameters })}`}><b>{it.name}</b><span>{it.description}</span></a></li>
          ))}
          <li><a href={`${LIST}/new?begin=empty`}><b>Empty rule</b><span>Any figure of any calls, by any group, held against a limit of yours.</span></a></li>
        </ul>
      )}
    </section>
  );
}

export interface Problem {
  /** The field it is about. Null: none that is known. */
  parameter: string | null;
  text: string;
}

function Writing({ rule, begin }: { rule: AlertRule | null; begin: Draft }) {
  const [draft, setDraft] = useState(begin);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isGoing, setGoing] = useState(false);
  const isOfFile = rule?.source === "file";
  const form = useRef<HTMLFormElement>(null);
  const isTouched = useRef(false);
  const change = (change: Partial<Draft>) => {
    isTouched.current = true;
    setProblem(null);
    setDraft((was) => ({ ...was, ...change }));
  };

  const settled = useSettled(draft, 500);
  const isLeft = useRef(false);
  useEffect(() => {
    if (!isTouched.current || isLeft.current) return;
    const query = paramsOf(settled);
    setQuery(query.size === 0 ? new URLSearchParams({ begin: "empty" }) : query, { replace: true });
  }, [settled]);
  useEffect(() => focusInvalid(form.current), [problem]);

  const save = async (event: Event) => {
    event.preventDefault();
    if (isOfFile) return;
    setBusy(true);
    try {
      const kept = await keepRule(rule?.sid ?? null, rule ? changeOf(draft, draftOfRule(rule)) : paramsOf(draft));
      isLeft.current = true;
      toast(rule ? `${kept.name} is changed.` : `${kept.name} watches from now on.`);
      go(LIST);
    } catch (error) {
      setProblem({ parameter: error instanceof ApiError ? error.parameter : null, text: explain(error) });
      setBusy(false);
    }
  };
  const forget = async () => {
    setGoing(false);
    try {
      await deleteRule(rule!.sid);
      isLeft.current = true;
      toast("Deleted.");
      go(LIST);
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
  };
  return (
    <div class="editor">
      <section class="card" aria-label={rule ? "Change a rule" : "New rule"}>
        <header class="card-head"><h2>{rule ? rule.name : "New rule"}</h2>{isOfFile && <OfFile />}{!rule && <a class="link" href={`${LIST}/new`}>Another beginning</a>}</header>
        <form ref={form} class="rule-form" noValidate onSubmit={(event) => void save(event)}>
          <RuleForm draft={draft} problem={problem} onChange={change} />
          <footer class="rule-foot">
            {isOfFile && <p class="quiet">Said by the server's configuration file: try here what to write there.</p>}
            {rule && !isOfFile && <button type="button" class="button is-bad" onClick={() => setGoing(true)}>Delete</button>}
            <a class="button" href={LIST}>{isOfFile ? "Back" : "Cancel"}</a>
            {!isOfFile && <button type="submit" class="button is-primary" disabled={isBusy}>{rule ? "Save" : "Make the rule"}</button>}
          </footer>
        </form>
      </section>
      <Preview draft={settled} />
      {isGoing && rule && <DeleteRule rule={rule} onClose={() => setGoing(false)} onSure={() => void forget()} />}
    </div>
  );
}
