import { useLoad } from "../../api/load";
import { bytes, count, fullTime } from "../../model/format";
import { Failed, Waiting } from "../../parts/states";
import { storage } from "./api";

const days = (seconds: number) => `${count(Math.round(seconds / 86_400))} days`;

/** Where calls are kept, for how long, and how much room there is. */
export function StorageView() {
  const loaded = useLoad("storage", storage, { every: 15_000 });
  if (loaded.error && !loaded.data) return <Failed error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Waiting />;
  const { database, retention, calls, version } = loaded.data;
  const left = database.full_at ? (Date.parse(database.full_at) - Date.now()) / 86_400_000 : null;
  return (
    <>
      <section class="card" aria-label="Database">
        <header class="card-head"><h2>Database</h2></header>
        <dl class="facts">
          <div><dt>Calls</dt><dd>{calls === null ? "more than are counted at once" : count(calls)}</dd></div>
          <div><dt>Size</dt><dd>{bytes(database.bytes)}{database.free_bytes > 0 && `, of which ${bytes(database.free_bytes)} are free for new calls`}</dd></div>
          {database.disk_free_bytes != null && <div><dt>Free on the disk</dt><dd>{bytes(database.disk_free_bytes)}</dd></div>}
          <div><dt>Full</dt><dd class={left !== null && left < 14 ? "bad-text" : ""}>{left === null ? "not foreseen" : `in ${count(Math.max(0, Math.round(left)))} days as it grows now, ${fullTime(database.full_at)}`}</dd></div>
          <div><dt>Where</dt><dd><code>{database.path}</code></dd></div>
          <div><dt>Version</dt><dd>{version}</dd></div>
        </dl>
      </section>
      <section class="card" aria-label="Retention">
        <header class="card-head"><h2>Retention</h2><p class="quiet">retention_events and retention_summaries in sidetone.toml</p></header>
        <dl class="facts">
          <div><dt>Raw events</dt><dd>{days(retention.events_s)}: ladder, samples, events</dd></div>
          <div><dt>Summaries</dt><dd>{days(retention.summaries_s)}: lists, counts, reports</dd></div>
          <div><dt>Judgement</dt><dd>{days(retention.judgement_s)}: annotations and feedback</dd></div>
        </dl>
      </section>
    </>
  );
}
