import { alerts, callsOf, titleOf } from "../../api/alerts";
import { useLoad } from "../../api/load";
import { plural } from "../../model/format";
import { Icon } from "../../parts/icon";

const MOST = 3;

/** What fires now, where everybody looks first. */
export function Firing() {
  const firing = useLoad("firing", (signal) => alerts({ State: "firing" }, signal), { every: 10_000 }).data ?? [];
  if (firing.length === 0) return null;
  return (
    <section class="firing" aria-label="Firing alerts">
      <ul>
        {firing.slice(0, MOST).map((it) => (
          <li key={it.sid}><Icon name="warning" /> <span><a href={`/alerts/${it.sid}`}>{titleOf(it)}</a> {callsOf(it) && <a class="firing-calls" href={callsOf(it)!} aria-label={`Show the calls of ${titleOf(it)}`}>Show the calls</a>}</span></li>
        ))}
      </ul>
      <a href="/alerts">{firing.length > MOST ? `${plural(firing.length - MOST, "more alert")}` : "All alerts"}</a>
    </section>
  );
}
