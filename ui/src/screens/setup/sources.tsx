import { useLoad } from "../../api/load";
import { place, setQuery } from "../../app/router";
import { session } from "../../app/session";
import { ago, count, fullTime } from "../../model/format";
import { Copy } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { Failed, Waiting } from "../../parts/states";
import { Listed } from "../../parts/table";
import { sources, type Door, type Sources } from "./api";
import { contextOf, GUIDES, type Guide } from "./guides";

/** What came from each source since the server started, looked at every two seconds, and how to connect it. */
export function SourcesView() {
  const loaded = useLoad("sources", sources, { every: 2000 });
  const told = loaded.data;
  if (loaded.error && !told) return <Failed error={loaded.error} retry={loaded.reload} />;
  if (!told) return <Waiting />;
  const guide = GUIDES.find((it) => it.id === place.value.query.get("source")) ?? GUIDES[0]!;
  const isFirst = told.sources.every((it) => it.accepted === 0);
  const refused = told.sources.flatMap((door) => door.refused.map((it) => ({ door: door.source, ...it }))).sort((a, b) => b.last.localeCompare(a.last));
  return (
    <div class="sources">
      {isFirst && <p class="note">Nothing has come since this server started. Choose what you have and copy what it needs: its light turns green with the first event.</p>}
      <div class="sources-columns">
        <div>
          <h2 class="source-kind"><Light state={lightOf(told.sources.filter((it) => it.source === "hep"))} /> By HEP, one light for all</h2>
          <Choices guides={GUIDES.filter((it) => it.isHep)} chosen={guide} />
          <h2 class="source-kind">By HTTP</h2>
          <Choices guides={GUIDES.filter((it) => !it.isHep)} chosen={guide} told={told} />
        </div>
        <GuideView guide={guide} told={told} />
      </div>
      {refused.length > 0 && (
        <Listed title="What was refused, and why" note="since the server started" loaded={loaded} rows={refused} empty="" head={["Source", "Reason", ["Times", "num"], "Last", "What it said"]}
          row={(it) => (
            <tr key={it.door + it.reason}>
              <th scope="row">{it.door}</th><td><code>{it.reason}</code></td><td class="num">{count(it.count)}</td>
              <td title={fullTime(it.last)}>{ago(it.last)}</td><td>{it.message}</td>
            </tr>
          )} />
      )}
    </div>
  );
}

function Choices({ guides, chosen, told }: { guides: Guide[]; chosen: Guide; told?: Sources }) {
  return (
    <ul class="source-list">
      {guides.map((it) => (
        <li key={it.id}>
          <button type="button" aria-pressed={it === chosen} onClick={() => setQuery(new URLSearchParams({ source: it.id }), { replace: true })}>
            {told && doorsOf(it, told).length > 0 && <Light state={lightOf(doorsOf(it, told))} />}
            <span><b>{it.name}</b><span class="quiet">{it.gives}</span></span>
          </button>
        </li>
      ))}
    </ul>
  );
}

const doorsOf = (guide: Guide, told: Sources): Door[] => told.sources.filter((it) => guide.doors.includes(it.source));

type LightState = "on" | "refused" | "off";

function lightOf(doors: Door[]): LightState {
  if (doors.some((it) => it.accepted > 0)) return "on";
  return doors.some((it) => it.refused.length > 0) ? "refused" : "off";
}

function Light({ state }: { state: LightState }) {
  const names: Record<LightState, string> = { on: "events come", refused: "refused so far", off: "nothing yet" };
  return <span class={`light is-${state}`} role="img" aria-label={names[state]} title={names[state]}>{state === "on" ? "✓" : state === "refused" ? "!" : ""}</span>;
}

function GuideView({ guide, told }: { guide: Guide; told: Sources }) {
  const context = contextOf(window.location.origin, session.value?.account_sid ?? "AC…", told);
  const doors = doorsOf(guide, told);
  const latest = doors.map((it) => it.last_accepted).filter((it) => it !== null).sort().at(-1);
  const listens = told.hep.udp ?? told.hep.tcp;
  return (
    <section class="card" aria-label={guide.name}>
      <header class="card-head">
        <h2>{guide.name}</h2>
        {doors.length > 0 && <p class={latest ? "light-text is-on" : "light-text"} role="status">
          <Light state={lightOf(doors)} />
          {latest ? `${guide.isHep ? "HEP: " : ""}${count(doors.reduce((sum, it) => sum + it.accepted, 0))} accepted, the last ${ago(latest)}` : "waiting for the first event"}
        </p>}
      </header>
      {guide.isHep && !listens && <p class="conflict"><Icon name="warning" /> This server does not listen for HEP. Start it with <code>--hep-udp 0.0.0.0:9060</code>.</p>}
      {guide.isHep && /^(127\.|\[::1\])/.test(listens ?? "") && <p class="quiet spaced">HEP is taken on this machine alone ({listens}). For others: <code>--hep-udp 0.0.0.0:9060 --hep-allow NETWORK</code>.</p>}
      <ol class="steps-list">
        {guide.steps.map((it) => (
          <li key={it.where}>
            <h3>{it.where}</h3>
            <div class="code"><pre tabIndex={0}>{it.text(context)}</pre><Copy text={() => it.text(context)} label={`Copy: ${it.where}`} isBare /></div>
          </li>
        ))}
      </ol>
      {guide.note && <p class="quiet">{guide.note}</p>}
    </section>
  );
}
