import { statistics } from "../../api/calls";
import { useLoad } from "../../api/load";
import { apiQuery, callsAddress } from "../../model/filters";
import { count } from "../../model/format";
import { Icon } from "../../parts/icon";

/** How many calls of the selection run now; leads to them, live. */
export function Running({ query }: { query: URLSearchParams }) {
  const running = new URLSearchParams(query);
  running.set("ProcessingState", "started");
  const loaded = useLoad(apiQuery(running).toString(), (signal) => statistics(apiQuery(running), { Measures: "calls" }, signal), { every: 5000 });
  if (!loaded.data) return null;
  const href = callsAddress(query, { ProcessingState: "started" });
  return (
    <a class="running" href={`${href}&live=on`}><Icon name="live" /> <b>{count(loaded.data.meta.calls)}</b> running now</a>
  );
}
