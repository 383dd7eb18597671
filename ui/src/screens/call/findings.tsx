// The tags, each with the rule that raised it and the value that broke it.

import type { CallSummary } from "../../api/answers";
import { findingsByTag, rulesOf, sideName } from "../../model/findings";
import { UNKNOWN } from "../../model/format";
import { NOT_MEASURED, word } from "../../model/words";
import { EDGES } from "../../api/answers";

export function Findings({ call }: { call: CallSummary }) {
  const tags = findingsByTag(call);
  const blind = EDGES.flatMap((name) => {
    const why = call[name]?.["not_measured"] as string | null | undefined;
    return why ? [{ name, why }] : [];
  });
  if (tags.length === 0 && blind.length === 0) return null;
  return (
    <section class="card" aria-label="Findings">
      <header class="card-head"><h2>Findings</h2></header>
      {tags.length > 0 && (
        <div class="scroll-x">
          <table class="table is-listed">
            <thead><tr><th scope="col">Tag</th><th scope="col">Where</th><th scope="col">Measured</th><th scope="col">Rule</th></tr></thead>
            <tbody>
              {tags.flatMap(([tag, findings]) => findings.map((it, i) => (
                <tr key={`${tag}${i}`}>
                  <th scope="row">{i === 0 && <span class={it.severity === "bad" ? "tag is-bad" : "tag is-warn"} title={rulesOf(call, tag) ?? undefined}>{word(tag)}</span>}</th>
                  <td data-label="Where">{it.edge ? `${word(it.edge)}${it.direction ? `, ${it.direction}` : ""}` : it.side ? sideName(it.side) : "the call"}</td>
                  <td data-label="Measured">{it.value}</td>
                  <td class="quiet" data-label="Rule">{it.rule ?? UNKNOWN}</td>
                </tr>
              )))}
            </tbody>
          </table>
        </div>
      )}
      {blind.map(({ name, why }) => (
        <p key={name} class="not-measured"><b>{word(name)}</b> not measured: {NOT_MEASURED[why] ?? why}.</p>
      ))}
    </section>
  );
}
