import { useState } from "preact/hooks";

import { explain } from "../../api/client";
import { toast } from "../../app/toast";
import { Copy } from "../../parts/copy";
import { eraseCall } from "./api";

/** What somebody has a right to have forgotten. */
export function Erasure() {
  const [sid, setSid] = useState("");
  const [isSure, setSure] = useState(false);
  const [number, setNumber] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const isSid = /^CA[0-9a-f]{32}$/.test(sid.trim());
  const erase = async (event: Event) => {
    event.preventDefault();
    setProblem(null);
    try {
      await eraseCall(sid.trim());
      toast("Erased: the call, its events, and what was said of it.");
      setSid("");
      setSure(false);
    } catch (error) {
      setProblem(explain(error));
    }
  };
  const command = `sidetone erase --number '${number.replaceAll("'", "").trim() || "+4930123456"}' --dry-run`;
  return (
    <>
      <section class="card" aria-label="Erase a call">
        <header class="card-head"><h2>Erase a call</h2></header>
        <form class="judge" onSubmit={(event) => void erase(event)}>
          <label class="field-label">CallSid<input class="field mono" value={sid} placeholder="CA…" spellcheck={false} autocomplete="off" onInput={(event) => { setSid(event.currentTarget.value); setSure(false); }} /></label>
          {sid.trim() !== "" && !isSid && <p class="bad-text">A CallSid is CA and 32 hexadecimal digits.</p>}
          <label class="switch"><input type="checkbox" checked={isSure} disabled={!isSid} onChange={(event) => setSure(event.currentTarget.checked)} /> Summary, events, annotation, feedback and their history go. Nothing brings them back.</label>
          {problem && <p class="bad-text" role="alert">{problem}</p>}
          <div><button type="submit" class="button is-bad" disabled={!isSid || !isSure}>Erase the call</button></div>
        </form>
      </section>
      <section class="card" aria-label="Erase a number">
        <header class="card-head"><h2>Erase all calls of a number</h2><p class="quiet">on the server's command line, while it goes on</p></header>
        <label class="field-label">Number<input class="field" value={number} placeholder="+4930123456" autocomplete="off" onInput={(event) => setNumber(event.currentTarget.value)} /></label>
        <div class="code erase-command"><pre tabIndex={0}>{command}</pre><Copy text={command} label="Copy the command" isBare /></div>
        <p class="quiet">However the number is written. Without --dry-run it erases; --log tells what was erased, when and by whom.</p>
      </section>
    </>
  );
}
