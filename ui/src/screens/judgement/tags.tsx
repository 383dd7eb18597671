import { callsAddress } from "../../model/filters";
import { count } from "../../model/format";
import { areApart, badShare, readScores, wilson } from "../../model/scores";
import { word } from "../../model/words";
import type { Said } from "./judgement";

/** Which tags go with bad scores: the share of 1 and 2, with what chance leaves open. */
export function TagScores({ said, query }: { said: Said; query: URLSearchParams }) {
  const rows = said.tags.flatMap((it) => {
    const scores = readScores(it.call_score);
    if (!scores) return [];
    const bad = (scores.distribution["1"] ?? 0) + (scores.distribution["2"] ?? 0);
    return [{ tag: it.tag, scores, share: badShare(scores), bounds: wilson(bad, scores.calls) }];
  });
  const none = rows.find((it) => it.tag === null);
  const tags = rows.filter((it) => it.tag !== null).sort((a, b) => b.share - a.share);
  const ordered = none ? [...tags, none] : tags;
  return (
    <section class="card" aria-label="Tags and scores">
      <header class="card-head"><h2>Which findings people feel</h2><p class="quiet">share of scores 1 and 2, with its 95 % interval</p></header>
      {tags.length === 0 ? <p class="quiet">No tagged call was scored.</p> : (
        <div class="scroll-x">
          <table class="table is-compact">
            <thead><tr><th scope="col">Tag</th><th scope="col" class="num">1 or 2</th><th scope="col">0 – 100 %</th><th scope="col" class="num">Scored</th><th scope="col">Says</th></tr></thead>
            <tbody>
              {ordered.map((it) => (
                <tr key={it.tag ?? "none"}>
                  <th scope="row">
                    {it.tag === null ? <a href={callsAddress(query, { HasTag: "false" })}>no tag</a> : <a href={callsAddress(query, { Tag: it.tag })}>{word(it.tag)}</a>}
                  </th>
                  <td class="num" data-label="1 or 2"><a href={callsAddress(query, { ...(it.tag === null ? { HasTag: "false" } : { Tag: it.tag }), CallScoreAnnotation: ["1", "2"] })}>{it.share.toFixed(0)} %</a></td>
                  <td class="is-wide"><Bounds low={it.bounds[0]} high={it.bounds[1]} at={it.share} isMuted={it.tag === null} /></td>
                  <td class="num" data-label="Scored">{count(it.scores.calls)}</td>
                  <td class="quiet is-said">{it.tag === null || !none ? "" : !areApart(it.bounds, none.bounds) ? "not shown" : it.share > none.share ? "people feel it" : "people like it"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** A share and between which bounds it lies, from 0 to 100 %. */
export function Bounds({ low, high, at, isMuted = false }: { low: number; high: number; at: number; isMuted?: boolean }) {
  return (
    <span class={isMuted ? "bounds is-muted" : "bounds"} title={`${low.toFixed(0)} to ${high.toFixed(0)} %`}>
      <span class="bounds-range" style={{ left: `${low}%`, width: `${Math.max(0.5, high - low)}%` }} />
      <span class="bounds-at" style={{ left: `${at}%` }} />
    </span>
  );
}
