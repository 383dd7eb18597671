import { useState } from "preact/hooks";

import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { session } from "../../app/session";
import { toast } from "../../app/toast";
import { ago, fullTime } from "../../model/format";
import { Copy } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { Listed } from "../../parts/table";
import { accounts, keys, makeKey, revokeKey, type Account, type Key } from "./api";

/** The account with its subaccounts, and the keys that open them. */
export function Access() {
  const known = useLoad("accounts", accounts);
  const made = useLoad("keys", keys);
  const [open, setOpen] = useState<"make" | { revoke: Key } | { fresh: Key } | null>(null);
  const list = known.data?.accounts ?? [];
  const close = () => setOpen(null);
  const revoke = async (key: Key) => {
    close();
    try {
      await revokeKey(key.sid);
      toast("Revoked.");
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
    made.reload();
  };
  return (
    <>
      <Listed title="Accounts" note="made by sidetone account create" loaded={known} rows={list} empty="None." head={["Name", "AccountSid", "Parent", "Made"]}
        row={(it) => (
          <tr key={it.account_sid}>
            <th scope="row">{it.friendly_name || "–"}</th><td><code>{it.account_sid}</code> <Copy text={it.account_sid} label="Copy the AccountSid" isBare /></td>
            <td>{it.parent_account_sid ? <code>{it.parent_account_sid}</code> : "–"}</td><td title={fullTime(it.created_time)}>{ago(it.created_time)}</td>
          </tr>
        )} />
      <Listed title="API keys" note="for programs, each to be revoked alone" loaded={made} rows={made.data?.keys ?? []} empty="No keys. Programs use the account's auth token, or a key that you make for each."
        head={["Name", "Key", "Account", "Made", ["", "num"]]}
        row={(it) => (
          <tr key={it.sid}>
            <th scope="row">{it.friendly_name || "–"}</th><td><code>{it.sid}</code></td>
            <td>{list.find((one) => one.account_sid === it.account_sid)?.friendly_name || <code>{it.account_sid}</code>}</td>
            <td title={fullTime(it.created_time)}>{ago(it.created_time)}</td>
            <td class="num"><button type="button" class="link" aria-label={`Revoke ${it.friendly_name || it.sid}`} onClick={() => setOpen({ revoke: it })}>Revoke</button></td>
          </tr>
        )}>
        <button type="button" class="button is-small" onClick={() => setOpen("make")}>Make a key</button>
      </Listed>
      {open === "make" && <Make accounts={list} onClose={close} onMade={(fresh) => { setOpen({ fresh }); made.reload(); }} />}
      {open !== null && typeof open === "object" && "revoke" in open && (
        <Dialog title={`Revoke ${open.revoke.friendly_name || open.revoke.sid}?`} onClose={close}>
          <p>Whoever uses it is refused from then on.</p>
          <footer class="dialog-foot"><button type="button" class="button" onClick={close}>Cancel</button><button type="button" class="button is-bad" onClick={() => void revoke(open.revoke)}>Revoke</button></footer>
        </Dialog>
      )}
      {open !== null && typeof open === "object" && "fresh" in open && (
        <Dialog title="The key's secret" onClose={close}>
          <p>It is shown now, and never again.</p>
          <div class="code"><pre tabIndex={0}>{`${open.fresh.sid}:${open.fresh.secret}`}</pre><Copy text={`${open.fresh.sid}:${open.fresh.secret}`} label="Copy key and secret" isBare /></div>
          <footer class="dialog-foot"><button type="button" class="button is-primary" onClick={close}>I have kept it</button></footer>
        </Dialog>
      )}
    </>
  );
}

function Make({ accounts: choices, onClose, onMade }: { accounts: Account[]; onClose: () => void; onMade: (key: Key) => void }) {
  const [name, setName] = useState("");
  const [account, setAccount] = useState(session.value?.account_sid ?? "");
  const [problem, setProblem] = useState<string | null>(null);
  const make = async (event: Event) => {
    event.preventDefault();
    try {
      onMade(await makeKey(name.trim(), account));
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <Dialog title="Make a key" onClose={onClose}>
      <form class="judge" onSubmit={(event) => void make(event)}>
        <label class="field-label">What it is for<input class="field" value={name} maxLength={64} placeholder="FreeSWITCH in Berlin" onInput={(event) => setName(event.currentTarget.value)} /></label>
        {choices.length > 1 && (
          <label class="field-label">Account
            <select class="select" value={account} onChange={(event) => setAccount(event.currentTarget.value)}>
              {choices.map((it) => <option key={it.account_sid} value={it.account_sid}>{it.friendly_name || it.account_sid}</option>)}
            </select>
          </label>
        )}
        {problem && <p class="bad-text" role="alert">{problem}</p>}
        <footer class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button><button type="submit" class="button is-primary">Make the key</button></footer>
      </form>
    </Dialog>
  );
}
