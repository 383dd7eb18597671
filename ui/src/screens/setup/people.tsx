import { useState } from "preact/hooks";

import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { session, signInMethods } from "../../app/session";
import { toast } from "../../app/toast";
import { ago, fullTime } from "../../model/format";
import { Copy } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { Listed } from "../../parts/table";
import { changePerson, makePerson, people, type Person } from "./api";

const ROLES: [id: Person["role"], what: string][] = [
  ["viewer", "looks at calls, numbers masked"],
  ["annotator", "also judges them"],
  ["admin", "everything"],
];

/** Who may sign in, and as what. */
export function People() {
  const loaded = useLoad("people", people);
  const hasProvider = useLoad("sign-in-methods", signInMethods).data?.provider != null;
  const [making, setMaking] = useState<Person | "new" | null>(null);
  const [told, setTold] = useState<Person | null>(null);
  const change = async (name: string, what: Record<string, string>, said: string) => {
    try {
      await changePerson(name, what);
      toast(said);
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
    loaded.reload();
  };
  const isMe = (it: Person) => it.name === session.value?.name;
  return (
    <>
      <Listed title="People" note="sign in by name and password" loaded={loaded} rows={loaded.data?.people ?? []}
        empty="Nobody yet. Without people, everybody signs in with the account's auth token or a key, and may do everything." head={["Name", "Role", "Last sign-in", "Made", ["", "num"]]}
        row={(it) => (
          <tr key={it.name} class={it.disabled ? "quiet" : ""}>
            <th scope="row">{it.name} {it.sign_in === "provider" && <span class="badge" title="Signs in through your company's provider, which says the role each time">provider</span>} {it.disabled && <span class="badge">disabled</span>}</th>
            <td>
              <select class="select" aria-label={`Role of ${it.name}`} value={it.role} disabled={isMe(it)}
                onChange={(event) => void change(it.name, { Role: event.currentTarget.value }, `${it.name} is now ${event.currentTarget.value}.`)}>
                {ROLES.map(([id]) => <option key={id} value={id}>{id}</option>)}
              </select>
            </td>
            <td title={fullTime(it.last_sign_in)}>{ago(it.last_sign_in)}</td>
            <td title={fullTime(it.created_time)}>{ago(it.created_time)}</td>
            <td class="num actions">
              <button type="button" class="link" onClick={() => setMaking(it)}>New password</button>
              {hasProvider && it.sign_in === "password" && !isMe(it) && (
                <button type="button" class="link" onClick={() => void change(it.name, { SignIn: "provider" }, `${it.name} signs in through your company's provider from now on.`)}>Hand over to the provider</button>
              )}
              {!isMe(it) && (
                <button type="button" class="link" onClick={() => void change(it.name, { Disabled: String(!it.disabled) }, it.disabled ? `${it.name} may sign in again.` : `${it.name} may not sign in any more.`)}>
                  {it.disabled ? "Enable" : "Disable"}
                </button>
              )}
            </td>
          </tr>
        )}>
        <button type="button" class="button is-small" onClick={() => setMaking("new")}>Add a person</button>
      </Listed>
      <dl class="facts roles">{ROLES.map(([id, what]) => <div key={id}><dt>{id}</dt><dd>{what}</dd></div>)}</dl>
      {making && <PersonForm person={making === "new" ? null : making} onClose={() => setMaking(null)} onDone={(it) => { setMaking(null); if (it.password) setTold(it); loaded.reload(); }} />}
      {told && <Told person={told} onClose={() => setTold(null)} />}
    </>
  );
}

function PersonForm({ person, onClose, onDone }: { person: Person | null; onClose: () => void; onDone: (person: Person) => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>("annotator");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      const saved = person ? await changePerson(person.name, { Password: password }) : await makePerson(name.trim(), role, password);
      toast(person ? `${saved.name} has a new password, and is signed out elsewhere.` : `${saved.name} may sign in.`);
      onDone(saved);
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <Dialog title={person ? `New password for ${person.name}` : "Add a person"} onClose={onClose}>
      <form class="judge" onSubmit={(event) => void save(event)}>
        {!person && (
          <>
            <label class="field-label">Name<input class="field" value={name} required autocomplete="off" autocapitalize="none" spellcheck={false} onInput={(event) => setName(event.currentTarget.value)} /></label>
            <label class="field-label">Role
              <select class="select" value={role} onChange={(event) => setRole(event.currentTarget.value)}>{ROLES.map(([id, what]) => <option key={id} value={id}>{id}: {what}</option>)}</select>
            </label>
          </>
        )}
        <label class="field-label">Password of 10 characters or more; left empty, one is made up
          <input class="field" type="password" value={password} minLength={10} autocomplete="new-password" onInput={(event) => setPassword(event.currentTarget.value)} />
        </label>
        {problem && <p class="bad-text" role="alert">{problem}</p>}
        <footer class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button><button type="submit" class="button is-primary">{person ? "Set the password" : "Add"}</button></footer>
      </form>
    </Dialog>
  );
}

function Told({ person, onClose }: { person: Person; onClose: () => void }) {
  return (
    <Dialog title={`The password of ${person.name}`} onClose={onClose}>
      <p>It is shown now, and never again.</p>
      <div class="code"><pre tabIndex={0}>{person.password}</pre><Copy text={person.password ?? ""} label="Copy the password" isBare /></div>
      <footer class="dialog-foot"><button type="button" class="button is-primary" onClick={onClose}>I have passed it on</button></footer>
    </Dialog>
  );
}
