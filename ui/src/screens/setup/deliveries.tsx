import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { toast } from "../../app/toast";
import { ago, fullTime, time } from "../../model/format";
import { Listed } from "../../parts/table";
import { deliveries, replay } from "./api";

/** What is owed to other servers: what was given up, and what waits. */
export function Deliveries() {
  const waiting = useLoad("waiting", (signal) => deliveries("waiting", signal), { every: 5000 });
  const dead = useLoad("dead", (signal) => deliveries("dead", signal), { every: 15_000 });
  const letters = dead.data?.deliveries ?? [];
  const again = async (ids: string[]) => {
    try {
      for (const id of ids) await replay(id);
      toast(ids.length === 1 ? "It is tried again." : `${ids.length} are tried again.`);
    } catch (error) {
      toast(explain(error), { isBad: true });
    }
    dead.reload();
    waiting.reload();
  };
  return (
    <>
      <Listed title="Dead letters" note="given up after three days of trying" loaded={dead} rows={letters} empty="None: whatever was owed has arrived, or is still tried."
        head={["What", "To", ["Attempts", "num"], "Given up", "Last error", ["", "num"]]}
        row={(it) => (
          <tr key={it.id}>
            <th scope="row">{it.kind}</th><td><code>{it.url ?? it.sink_sid}</code></td><td class="num">{it.attempts}</td><td title={fullTime(it.dead_time)}>{ago(it.dead_time)}</td><td>{it.last_error}</td>
            <td class="num"><button type="button" class="link" onClick={() => void again([it.id])}>Try again</button></td>
          </tr>
        )}>
        {letters.length > 1 && <button type="button" class="button is-small" onClick={() => void again(letters.map((it) => it.id))}>Try all again</button>}
      </Listed>
      <Listed title="Waiting" loaded={waiting} rows={waiting.data?.deliveries ?? []} empty="Nothing waits." head={["What", "To", ["Attempts", "num"], "Since", "Next attempt", "Last error"]}
        row={(it) => (
          <tr key={it.id}>
            <th scope="row">{it.kind}</th><td><code>{it.url ?? it.sink_sid}</code></td><td class="num">{it.attempts}</td><td title={fullTime(it.created_time)}>{ago(it.created_time)}</td>
            <td>{it.next_attempt_time ? time(it.next_attempt_time) : "as soon as it is its turn"}</td><td>{it.last_error}</td>
          </tr>
        )} />
    </>
  );
}
