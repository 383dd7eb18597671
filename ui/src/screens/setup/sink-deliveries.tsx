// What one sink is owed, what it was sent last, and what it answered.

import { useState } from "preact/hooks";

import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { toast } from "../../app/toast";
import { ago, bytes, count, fullTime, milliseconds, time } from "../../model/format";
import { Failed, Waiting } from "../../parts/states";
import { Listed } from "../../parts/table";
import { replaySink, sinkDeliveries, type Owed, type Sink } from "./api";

type Request = Owed["last_deliveries"][number];

export function SinkDeliveries({ sink }: { sink: Sink }) {
  const loaded = useLoad(sink.sid, (signal) => sinkDeliveries(sink.sid, signal), { every: 10_000 });
  const owed = loaded.data;
  const [isBusy, setBusy] = useState(false);
  const again = async () => {
    setBusy(true);
    try {
      const { replayed, left } = await replaySink(sink.sid);
      toast(replayed === 1 && left === 0 ? "It is tried again." : left === 0 ? `${count(replayed)} are tried again.` : `${count(replayed)} are tried again, ${count(left)} are left for the next time.`);
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
    setBusy(false);
    loaded.reload();
  };
  if (!owed) return loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : <Waiting what="Counting what it is owed" />;
  return (
    <>
      <section class="card" aria-label={`Owed to ${sink.description}`}>
        <header class="card-head">
          <h2>Owed to {sink.description}</h2><p class="quiet">as of {time(owed.counted_time)}</p>
          {owed.dead.count > 0 && (
            <button type="button" class="button is-small" disabled={isBusy} title="They go behind what waits, so the order of a call's events may change" onClick={() => void again()}>
              Try all again that was given up
            </button>
          )}
        </header>
        <dl class="facts">
          <div><dt>Waiting</dt><dd>{count(owed.waiting.count)}{owed.waiting.oldest_time && <span class="quiet" title={fullTime(owed.waiting.oldest_time)}>, the oldest since {ago(owed.waiting.oldest_time)}</span>}</dd></div>
          {owed.waiting.next_attempt_time && <div><dt>Next attempt</dt><dd title={fullTime(owed.waiting.next_attempt_time)}>{time(owed.waiting.next_attempt_time)}</dd></div>}
          {owed.full && <div><dt>Full</dt><dd class="bad-text">new events are not kept: {count(owed.backlog_max)} or more wait or were given up</dd></div>}
          <div><dt>Given up</dt><dd>{count(owed.dead.count)}{owed.dead.count > 0 && <>, <a href="/setup/webhooks">each of them</a></>}</dd></div>
          {owed.refused > 0 && <div><dt>Not kept</dt><dd class="bad-text">{count(owed.refused)} since the server started, because too much waited</dd></div>}
          {owed.paused_until && <div><dt>Left alone</dt><dd>until {time(owed.paused_until)}, as it asked</dd></div>}
        </dl>
      </section>
      <Listed title="Last deliveries" note="requests since the server started, the latest first" loaded={loaded} rows={owed.last_deliveries}
        empty="None since the server started." head={["When", "Result", "What", ["Took", "num"], ["Size", "num"]]}
        row={(it) => (
          <tr key={it.time + (it.events[0]?.id ?? "")}>
            <th scope="row"><time dateTime={it.time} title={fullTime(it.time)}>{time(it.time)}</time></th>
            <td>{resultOf(it)}</td><td>{whatOf(it)}</td>
            <td class="num">{milliseconds(it.duration_ms)}</td><td class="num">{bytes(it.bytes)}</td>
          </tr>
        )} />
    </>
  );
}

function resultOf({ result, status, error }: Request) {
  if (result === "delivered") return <>delivered <span class="quiet">{status}</span></>;
  return <span class={result === "dead" ? "bad-text" : ""}>{result === "dead" ? "given up" : "failed, comes again"} <span class="quiet">{error ?? status}</span></span>;
}

function whatOf({ events, event_count }: Request) {
  const [first] = events;
  if (!first) return "nothing that could be written out";
  const attempt = first.attempt > 1 && <span class="quiet"> attempt {first.attempt}</span>;
  const more = event_count > 1 && <span class="quiet"> and {count(event_count - 1)} more</span>;
  return <>{first.call_sid ? <a href={`/calls/${first.call_sid}`}>{first.type}</a> : first.type}{more}{attempt}</>;
}
