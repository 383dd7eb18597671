import { useLoad } from "../../api/load";
import { fullTime, time } from "../../model/format";
import { Listed } from "../../parts/table";
import { audit } from "./api";

/** Who did what. */
export function Audit() {
  const loaded = useLoad("audit", audit);
  return (
    <Listed title="Audit log" note="the latest first" loaded={loaded} rows={loaded.data?.audit ?? []} empty="Nothing yet." head={["When", "Who", "What", "Of", "Detail"]}
      row={(it) => (
        <tr key={it.time + it.who + it.what + it.target}>
          <td title={fullTime(it.time)}>{time(it.time)}</td><th scope="row">{it.who}</th><td>{it.what}</td><td>{it.target && <code>{it.target}</code>}</td><td class="quiet">{it.detail}</td>
        </tr>
      )} />
  );
}
