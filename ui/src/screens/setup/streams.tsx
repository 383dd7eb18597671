// Where events of calls are streamed to.

import { useState } from "preact/hooks";

import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { toast } from "../../app/toast";
import { place } from "../../app/router";
import { count } from "../../model/format";
import { Copy } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { Listed } from "../../parts/table";
import { SinkDeliveries } from "./sink-deliveries";
import { deleteSink, deliveries, makeSink, MANY, shortType, sinks, streamTypes, testSink, type Sink, type SinkKind, type WantedSink } from "./api";

/** The sinks, with what each is told. */
export function Streams() {
  const loaded = useLoad("sinks", sinks, { every: 30_000 });
  const dead = useLoad("dead", (signal) => deliveries("dead", signal), { every: 15_000 }).data?.deliveries ?? [];
  const givenUp = (it: Sink) => dead.filter((one) => one.sink_sid === it.sid).length;
  const [open, setOpen] = useState<"make" | { forget: Sink } | { secret: string } | null>(null);
  const chosen = loaded.data?.find((it) => it.sid === place.value.query.get("sink"));
  const close = () => setOpen(null);
  const act = async (what: () => Promise<unknown>, done: string) => {
    close();
    try {
      await what();
      toast(done);
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
    loaded.reload();
  };
  return (
    <>
      <Listed title="Event streams" note="sinks that are told of calls as they change" loaded={loaded} rows={loaded.data ?? []} empty="No sinks. One is told of every call as it begins, ends and is judged."
        head={["What for", "To", "Status", "Is told", ["Given up", "num"], ["", "num"]]}
        row={(it) => (
          <tr key={it.sid}>
            <th scope="row">{it.description}</th><td><code>{it.to}</code></td><td>{it.full ? <span class="bad-text">full: new events are not kept</span> : it.status}</td>
            <td>{it.types.length === 0 ? "nothing" : it.types.map(shortType).join(", ")}</td>
            <td class={givenUp(it) > 0 ? "num bad-text" : "num"}>{count(givenUp(it))}{dead.length === MANY && givenUp(it) > 0 && " or more"}</td>
            <td class="num actions">
              <a class="link" href={`/setup/streams?sink=${it.sid}`} aria-label={`Deliveries of ${it.description}`} aria-current={it === chosen ? "true" : undefined}>Deliveries</a>{" "}
              <button type="button" class="link" aria-label={`Test ${it.description}`} onClick={() => void act(() => testSink(it.sid), "A test event is on its way.")}>Test</button>{" "}
              <button type="button" class="link" aria-label={`Delete ${it.description}`} onClick={() => setOpen({ forget: it })}>Delete</button>
            </td>
          </tr>
        )}>
        <button type="button" class="button is-small" onClick={() => setOpen("make")}>Make a sink</button>
      </Listed>
      {chosen && <SinkDeliveries key={chosen.sid} sink={chosen} />}
      {!chosen && loaded.data && loaded.data.length > 0 && <p class="quiet">Deliveries shows what a sink is owed, what it was sent last and what it answered. Each that waits or was given up is under <a href="/setup/webhooks">Webhooks</a>.</p>}
      {open === "make" && <Make onClose={close} onMade={(secret) => { setOpen(secret ? { secret } : null); loaded.reload(); }} />}
      {open !== null && typeof open === "object" && "forget" in open && (
        <Dialog title={`Delete ${open.forget.description}?`} onClose={close}>
          <p>It is told nothing any more, and what waits for it is forgotten.</p>
          <footer class="dialog-foot"><button type="button" class="button" onClick={close}>Cancel</button><button type="button" class="button is-bad" onClick={() => void act(() => deleteSink(open.forget), "Deleted.")}>Delete</button></footer>
        </Dialog>
      )}
      {open !== null && typeof open === "object" && "secret" in open && (
        <Dialog title="The sink's secret" onClose={close}>
          <p>Its receiver checks signatures by it. It is shown now, and never again.</p>
          <div class="code"><pre tabIndex={0}>{open.secret}</pre><Copy text={open.secret} label="Copy the secret" isBare /></div>
          <footer class="dialog-foot"><button type="button" class="button is-primary" onClick={close}>I have kept it</button></footer>
        </Dialog>
      )}
    </>
  );
}

const FRESH: WantedSink = { description: "", kind: "webhook", to: "", signature: "twilio", isBatched: false, types: [], selection: "", personalData: "keep" };
/** What most receivers want. */
const USUAL = "call-summary.complete";

function Make({ onClose, onMade }: { onClose: () => void; onMade: (secret: string | null) => void }) {
  const known = useLoad("types", streamTypes);
  const [wanted, setWanted] = useState(FRESH);
  const [chosen, setChosen] = useState<Set<string> | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const set = (change: Partial<WantedSink>) => setWanted((was) => ({ ...was, ...change }));
  const all = (known.data ?? []).filter((it) => wanted.kind === "webhook" || shortType(it).startsWith("call-summary"));
  const types = all.filter((it) => (chosen ? chosen.has(it) : shortType(it) === USUAL));
  const make = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      onMade(await makeSink({ ...wanted, types }));
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  };
  const isWebhook = wanted.kind === "webhook";
  return (
    <Dialog title="Make a sink" onClose={onClose}>
      <form class="judge" onSubmit={(event) => void make(event)}>
        <label class="field-label">What it is for<input class="field" value={wanted.description} maxLength={255} required placeholder="Quality team" onInput={(event) => set({ description: event.currentTarget.value })} /></label>
        <label class="field-label">Kind
          <select class="select" value={wanted.kind} onChange={(event) => set({ kind: event.currentTarget.value as SinkKind })}>
            <option value="webhook">Webhook (CloudEvents)</option><option value="segment">Segment</option>
          </select>
        </label>
        <label class="field-label">{isWebhook ? "URL" : "Write key"}
          <input class="field" value={wanted.to} required placeholder={isWebhook ? "https://example.com/calls" : ""} autocomplete="off" onInput={(event) => set({ to: event.currentTarget.value })} />
        </label>
        {isWebhook && (
          <>
            <label class="field-label">Signed as
              <select class="select" value={wanted.signature} onChange={(event) => set({ signature: event.currentTarget.value })}>
                <option value="twilio">Twilio, with the account's token</option><option value="standard">Standard Webhooks, with a secret of its own</option>
              </select>
            </label>
            <label class="switch"><input type="checkbox" checked={wanted.isBatched} onChange={(event) => set({ isBatched: event.currentTarget.checked })} /> Several events in a request</label>
          </>
        )}
        <fieldset class="choices">
          <legend>Is told</legend>
          {all.map((it) => (
            <label key={it} class="switch">
              <input type="checkbox" checked={types.includes(it)} onChange={(event) => {
                const next = new Set(types);
                if (event.currentTarget.checked) next.add(it);
                else next.delete(it);
                setChosen(next);
              }} /> {shortType(it)}
            </label>
          ))}
        </fieldset>
        <label class="field-label">Of which calls<input class="field" value={wanted.selection} placeholder="all; or filters, e.g. Tag=silence" onInput={(event) => set({ selection: event.currentTarget.value })} /></label>
        <label class="field-label">Numbers and names
          <select class="select" value={wanted.personalData} onChange={(event) => set({ personalData: event.currentTarget.value })}>
            <option value="keep">are sent</option><option value="hash">as pseudonyms</option><option value="omit">are left out</option>
          </select>
        </label>
        {problem && <p class="bad-text" role="alert">{problem}</p>}
        <footer class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button><button type="submit" class="button is-primary" disabled={isBusy || types.length === 0}>Make the sink</button></footer>
      </form>
    </Dialog>
  );
}
