import { place, setQuery } from "../../app/router";
import { callsAddress } from "../../model/filters";
import { count, percent } from "../../model/format";
import { areApart } from "../../model/scores";
import type { Said } from "./judgement";
import { Bounds } from "./tags";

/** Trials: what stands in a field of the annotation is the variant, and being answered is what counts. */
export function Variants({ said, query, variant }: { said: Said; query: URLSearchParams; variant: "Comment" | "Incident" }) {
  const rows = said.variants.filter((it) => it.variant != null && it.seizures > 0);
  const choose = (value: string) => {
    const next = new URLSearchParams(place.value.query);
    next.set("variant", value);
    setQuery(next, { replace: true });
  };
  const best = [...rows].sort((a, b) => (b.answer_seizure_ratio ?? 0) - (a.answer_seizure_ratio ?? 0))[0];
  return (
    <section class="card" aria-label="Variants">
      <header class="card-head">
        <h2>A/B: which variant is answered more</h2>
        <p class="quiet">answer-seizure ratio with its 95 % interval; two that do not meet differ</p>
        <select class="select" aria-label="What names a variant" value={variant} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="Comment">by comment</option>
          <option value="Incident">by incident</option>
        </select>
      </header>
      {rows.length === 0 ? <p class="quiet">No annotated call has a {variant.toLowerCase()}. Put the name of the variant there, for each call of a trial.</p> : (
        <div class="scroll-x">
          <table class="table is-compact">
            <thead><tr><th scope="col">Variant</th><th scope="col" class="num">Answered</th><th scope="col">0 – 100 %</th><th scope="col" class="num">Calls</th><th scope="col">Against the best</th></tr></thead>
            <tbody>
              {rows.map((it) => {
                const bounds = it.confidence_interval as [number, number];
                const top = best?.confidence_interval as [number, number] | undefined;
                return (
                  <tr key={it.variant}>
                    <th scope="row"><a href={callsAddress(query, { [variant]: it.variant! })}>{it.variant}</a></th>
                    <td class="num" data-label="Answered">{percent(it.answer_seizure_ratio, 0)}</td>
                    <td class="is-wide"><Bounds low={bounds[0]} high={bounds[1]} at={it.answer_seizure_ratio ?? 0} /></td>
                    <td class="num" data-label="Calls">{count(it.calls)}</td>
                    <td class="quiet is-said">{it === best ? "" : top && areApart(bounds, top) ? "differs" : "could be chance"}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
