import { statistics } from "../../api/calls";
import { useLoad } from "../../api/load";
import { callsAddress, literal } from "../../model/filters";
import { count, party } from "../../model/format";
import { Failed, Waiting } from "../../parts/states";

/** Who calls with spam, by people's word. */
export function Spam({ asked, query }: { asked: URLSearchParams; query: URLSearchParams }) {
  const loaded = useLoad(`${asked}|spam`, (signal) => {
    const spam = new URLSearchParams(asked);
    spam.set("SpamAnnotation", "true");
    return statistics(spam, { GroupBy: "From", Measures: "calls,answered", Limit: "10" }, signal);
  });
  const rows = (loaded.data?.statistics ?? []).flatMap((it) => {
    const from = (it.group as Record<string, unknown>)["From"];
    return from == null ? [] : [{ from: String(from), calls: it.calls, answered: (it as unknown as Record<string, number | null>)["answered"] }];
  });
  return (
    <section class="card" aria-label="Spam">
      <header class="card-head"><h2>Spam by number</h2><p class="quiet">calls that people marked as spam</p></header>
      {loaded.error && !loaded.data && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting />}
      {loaded.data && rows.length === 0 && <p class="quiet">Nobody marked a call as spam.</p>}
      {rows.length > 0 && (
        <div class="scroll-x">
          <table class="table is-compact">
            <thead><tr><th scope="col">Number</th><th scope="col" class="num">Spam</th><th scope="col" class="num">Answered</th><th scope="col">All its calls</th></tr></thead>
            <tbody>
              {rows.map((it) => (
                <tr key={it.from}>
                  <th scope="row">{party(it.from)}</th>
                  <td class="num" data-label="Spam"><a href={callsAddress(query, { From: literal(it.from), SpamAnnotation: "true" })}>{count(it.calls)}</a></td>
                  <td class="num" data-label="Answered">{count(it.answered)}</td>
                  <td data-label="All its calls"><a href={callsAddress(query, { From: literal(it.from) })}>show</a></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
