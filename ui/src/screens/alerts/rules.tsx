// The rules: what is watched, and when that is bad.

import { useState } from "preact/hooks";

import { alertRules, deleteRule, muteRule, type AlertRule } from "../../api/alerts";
import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { isAdmin } from "../../app/session";
import { toast } from "../../app/toast";
import { ago, fullTime, plural, time } from "../../model/format";
import { filtersOf, limitOf } from "../../model/rule";
import { Dialog } from "../../parts/dialog";
import { Listed } from "../../parts/table";

export function Rules() {
  const rules = useLoad("rules", alertRules, { every: 30_000 });
  const [going, setGoing] = useState<AlertRule | null>(null);
  const act = async (what: () => Promise<void>, said: string) => {
    try {
      await what();
      toast(said);
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
    rules.reload();
  };
  const mute = (rule: AlertRule, until: string) =>
    act(() => muteRule(rule.sid, until), until === "" ? `${rule.name} tells its receivers again.` : `${rule.name} tells nobody for ${until.replace("h", " hours")}.`);
  return (
    <>
      <Listed title="Rules" loaded={rules} rows={rules.data ?? []} empty="None yet. A rule watches calls as they end, and tells when too many of them are bad."
        head={["Name", "Is bad", "Over", "Of which calls", "Tells", "Changed", ["", "num"]]}
        row={(it) => (
          <tr key={it.sid}>
            <th scope="row">
              {isAdmin.value ? <a href={`/alerts/rules/${it.sid}`}>{it.name}</a> : it.name}
              {it.source === "file" && <> <OfFile /></>}
              {isMuted(it) && <> <span class="badge" title={fullTime(it.muted_until)}>muted until {time(it.muted_until)}</span></>}
            </th>
            <td>{limitOf(it)} <span class="quiet">{it.severity}</span></td><td>{it.window}</td><td>{it.filters ? <code>{filtersOf(it)}</code> : "all"}</td>
            <td>{it.receivers?.length ? plural(it.receivers.length, "receiver") : <span class="quiet">nobody</span>}</td>
            <td title={fullTime(it.updated_time)}>{ago(it.updated_time)}</td>
            <td class="num actions">
              <a class="link" href={`/alerts?RuleSid=${it.sid}`} aria-label={`What ${it.name} found`}>Fired</a>
              {isAdmin.value && (
                <>
                  {isMuted(it)
                    ? <button type="button" class="link" aria-label={`Unmute ${it.name}`} onClick={() => void mute(it, "")}>Unmute</button>
                    : <button type="button" class="link" aria-label={`Mute ${it.name} for 2 hours`} onClick={() => void mute(it, "2h")}>Mute for 2 hours</button>}
                  {it.source === "api" && <button type="button" class="link" aria-label={`Delete ${it.name}`} onClick={() => setGoing(it)}>Delete</button>}
                </>
              )}
            </td>
          </tr>
        )}>
        {isAdmin.value && <a class="button is-small" href="/alerts/rules/new">New rule</a>}
      </Listed>
      {going && <DeleteRule rule={going} onClose={() => setGoing(null)} onSure={() => { setGoing(null); void act(() => deleteRule(going.sid), "Deleted."); }} />}
    </>
  );
}

/** Marks what the configuration file says: it is changed there. */
export function OfFile() {
  return <span class="badge" title="Said by the server's configuration file: it is changed there">sidetone.toml</span>;
}

export function DeleteRule({ rule, onClose, onSure }: { rule: AlertRule; onClose: () => void; onSure: () => void }) {
  return (
    <Dialog title={`Delete ${rule.name}?`} onClose={onClose}>
      <p>Nothing is watched by it any more. Its alerts that fire are resolved; those that were stay.</p>
      <footer class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button><button type="button" class="button is-bad" onClick={onSure}>Delete</button></footer>
    </Dialog>
  );
}

const isMuted = (it: AlertRule) => it.muted_until != null && Date.parse(it.muted_until) > Date.now();
