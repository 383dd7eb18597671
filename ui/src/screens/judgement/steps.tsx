import { count } from "../../model/format";
import type { Distribution } from "../../model/scores";
import { score } from "../../model/words";

/** How many of each score, 1 to 5, side by side. */
export function Steps({ scores }: { scores: Distribution }) {
  const text = [1, 2, 3, 4, 5].map((it) => `${it} (${score(it)}): ${count(scores.distribution[it] ?? 0)}`).join(", ");
  return (
    <span class="steps" role="img" aria-label={text} title={text}>
      {[1, 2, 3, 4, 5].map((it) => {
        const n = scores.distribution[it] ?? 0;
        return n > 0 && <span key={it} class={`step is-${it}`} style={{ flexGrow: n }}>{n / scores.calls > 0.09 ? it : ""}</span>;
      })}
    </span>
  );
}
