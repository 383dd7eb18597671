import { alerts, callsOf } from "../../api/alerts";
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
          <li key={it.sid}><Icon name="warning" /> <span>{it.summary}</span> {callsOf(it) && <a href={callsOf(it)!}>Show the calls</a>}</li>
        ))}
      </ul>
      <a href="/alerts">{firing.length > MOST ? `${plural(firing.length - MOST, "more alert")}` : "All alerts"}</a>
    </section>
  );
}
