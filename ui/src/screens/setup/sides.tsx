import { useLoad } from "../../api/load";
import { Listed } from "../../parts/table";
import { sides } from "./api";

const words = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : value == null ? "" : String(value));

/** Who is who around the platform, as the configuration file says. */
export function SidesView() {
  const loaded = useLoad("sides", sides);
  const told = loaded.data;
  const first = "the first that fits a side holds";
  return (
    <>
      <Listed title="Edge rules" note={told?.version != null ? `version ${told.version} is in force; ${first}` : first} loaded={loaded} rows={(told?.sides ?? []).map((side, at) => ({ side, at }))}
        empty="No rules: a caller's side is the SIP edge and a callee's the carrier edge." head={["No.", "When", "Edge", "Carrier", "Connection", "Location"]}
        row={({ side, at }) => (
          <tr key={at}>
            <td>{at + 1}</td>
            <td>{["networks", "capture_ids", "domains"].filter((it) => words(side[it]) !== "").map((it) => <div key={it}><span class="quiet">{it.replace("_", " ")}</span> <code>{words(side[it])}</code></div>)}</td>
            <td>{words(side["edge"])}</td><td>{words(side["carrier"])}</td><td>{words(side["connection"])}</td>
            <td>{[side["location"], side["city"], side["country_code"]].map(words).filter(Boolean).join(", ")}</td>
          </tr>
        )} />
      <section class="card" aria-label="How to change them">
        <header class="card-head"><h2>How to change them</h2></header>
        <p>In <code>sidetone.toml</code>, then <code>kill -HUP</code> the server. Calls go by the rules in force when they are folded.</p>
        <div class="code erase-command"><pre tabIndex={0}>{`[[side]]
networks = ["203.0.113.0/24"]
edge = "carrier"
carrier = "Example Telecom"

# what a side becomes: sidetone check --rules --source 203.0.113.7`}</pre></div>
      </section>
    </>
  );
}
