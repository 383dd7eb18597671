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
import { MakeSink } from "./sink-form";
import { deleteSink, deliveries, MANY, shortType, sinks, testSink, type Sink } from "./api";

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
      {open === "make" && <MakeSink onClose={close} onMade={(secret) => { setOpen(secret ? { secret } : null); loaded.reload(); }} />}
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
