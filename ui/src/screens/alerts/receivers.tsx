// Who is told of alerts.

import { useState } from "preact/hooks";

import { alertRules, deleteReceiver, receiver, receivers, testReceiver, type AlertRule, type Receiver } from "../../api/alerts";
import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { place, setQuery } from "../../app/router";
import { toast } from "../../app/toast";
import { ago, count, fullTime, plural } from "../../model/format";
import { Dialog } from "../../parts/dialog";
import { Listed } from "../../parts/table";
import { deliveries, type Delivery } from "../setup/api";
import { kindOf, MakeReceiver } from "./receiver-form";
import { OfFile } from "./rules";

/** How long a test is waited for, s. */
const PATIENCE = 60;
const NAMED = 3;

export function Receivers() {
  const loaded = useLoad("receivers", receivers, { every: 15_000 });
  const rules = useLoad("rules", alertRules).data ?? [];
  const dead = useLoad("dead", (signal) => deliveries("dead", signal), { every: 15_000 }).data?.deliveries ?? [];
  const [going, setGoing] = useState<Receiver | null>(null);
  const isMaking = place.value.query.has("make");
  const setMaking = (on: boolean) => setQuery(new URLSearchParams(on ? { make: "on" } : {}), { replace: true });
  const usedBy = (it: Receiver) => rules.filter((rule) => rule.receivers?.includes(it.sid));
  const givenUp = (it: Receiver) => dead.filter((one) => one.sink_sid === it.sid);

  const test = async (it: Receiver) => {
    try {
      await testReceiver(it.sid);
      loaded.reload();
      toast(await resultOf(it), { isBad: false });
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
    loaded.reload();
  };
  return (
    <>
      <Listed title="Receivers" note="told when an alert fires, and when it is over" loaded={loaded} rows={loaded.data ?? []} empty="None yet. A receiver is a channel of Slack, people by mail, a service of PagerDuty, or a server of yours."
        head={["What for", "To", "Status", "Told by", "Made", ["", "num"]]}
        row={(it) => (
          <tr key={it.sid}>
            <th scope="row">{it.description}{it.source === "file" && <> <OfFile /></>}</th>
            <td>{kindOf(it.type)} <code>{addressOf(it)}</code></td>
            <td><Status of={it} givenUp={givenUp(it)} /></td>
            <td>{namesOf(usedBy(it))}</td>
            <td title={fullTime(it.created_time)}>{ago(it.created_time)}</td>
            <td class="num actions">
              <button type="button" class="link" aria-label={`Test ${it.description}`} disabled={it.status === "validating"} onClick={() => void test(it)}>Test</button>
              {it.source === "api" && <button type="button" class="link" aria-label={`Delete ${it.description}`} onClick={() => setGoing(it)}>Delete</button>}
            </td>
          </tr>
        )}>
        <button type="button" class="button is-small" onClick={() => setMaking(true)}>Make a receiver</button>
      </Listed>
      {isMaking && (
        <MakeReceiver onClose={() => setMaking(false)} onMade={(made) => {
          setMaking(false);
          loaded.reload();
          toast(`${made.description} is there. Rules that name it tell it.`, { action: { label: "Test it", run: () => void test(made) } });
        }} />
      )}
      {going && <Forget receiver={going} rules={usedBy(going)} onClose={() => setGoing(null)} onDone={() => { setGoing(null); toast("Deleted."); loaded.reload(); }} />}
    </>
  );
}

/** What became of a test, in words. */
async function resultOf({ sid, description }: Receiver): Promise<string> {
  for (let waited = 0; waited < PATIENCE; waited++) {
    const { status } = await receiver(sid);
    if (status === "active") return `${description} took the test.`;
    if (status === "failed") throw new Error(`${description} refused the test for good.`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return `${description} has not answered yet. The test is tried again, for three days.`;
}

function Status({ of: { status }, givenUp }: { of: Receiver; givenUp: Delivery[] }) {
  const last = givenUp[0];
  return (
    <>
      {status === "failed" ? <span class="bad-text">failed</span> : status === "validating" ? "being tested…" : status}
      {last && <> <a class="quiet" href="/setup/webhooks" title={last.last_error ?? ""}>{count(givenUp.length)} given up{last.last_error && `: ${last.last_error}`}</a></>}
    </>
  );
}

function addressOf({ configuration: how }: Receiver): string {
  if (how == null) return "sealed with another key";
  const at = how["url"] ?? how["to"] ?? how["routing_key"];
  return Array.isArray(at) ? at.join(", ") : String(at ?? "");
}

function namesOf(rules: AlertRule[]) {
  if (rules.length === 0) return <span class="quiet">no rule</span>;
  const names = rules.slice(0, NAMED).map((it, at) => <span key={it.sid}>{at > 0 && ", "}<a href={`/alerts/rules/${it.sid}`}>{it.name}</a></span>);
  return <>{names}{rules.length > NAMED && ` and ${plural(rules.length - NAMED, "other")}`}</>;
}

function Forget({ receiver: it, rules, onClose, onDone }: { receiver: Receiver; rules: AlertRule[]; onClose: () => void; onDone: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const forget = async () => {
    try {
      await deleteReceiver(it.sid);
      onDone();
    } catch (error) {
      setProblem(explain(error));
    }
  };
  // The server names the rule by its SID, which leads there.
  const named = /\bAR[0-9a-f]{32}\b/.exec(problem ?? "")?.[0];
  return (
    <Dialog title={`Delete ${it.description}?`} onClose={onClose}>
      {problem === null
        ? <p>It is told nothing any more, and what waits for it is forgotten.{rules.length > 0 && ` ${plural(rules.length, "rule")} must first name it no more: ${rules.map((one) => one.name).join(", ")}.`}</p>
        : <p class="bad-text" role="alert">{problem}{named && <> <a href={`/alerts/rules/${named}`}>Open the rule</a></>}</p>}
      <footer class="dialog-foot">
        <button type="button" class="button" onClick={onClose}>{problem === null ? "Cancel" : "Close"}</button>
        {problem === null && <button type="button" class="button is-bad" onClick={() => void forget()}>Delete</button>}
      </footer>
    </Dialog>
  );
}
