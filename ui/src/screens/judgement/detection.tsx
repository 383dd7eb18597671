import { callsAddress } from "../../model/filters";
import { count, percent } from "../../model/format";
import { word } from "../../model/words";
import type { Said } from "./judgement";

const CLASSES = ["human", "machine"] as const;

/** Answering machine detection against people. */
export function Detection({ said, query }: { said: Said; query: URLSearchParams }) {
  const it = said.answered_by;
  const detected = [...new Set(it.matrix.map((cell) => cell.answered_by))].sort((a, b) => order(a) - order(b));
  const cell = (machine: string | null, person: string) => it.matrix.find((one) => one.answered_by === machine && one.annotated === person)?.calls ?? 0;
  return (
    <section class="card" aria-label="Answering machine detection">
      <header class="card-head"><h2>Machine detection against people</h2>{it.agreed != null && <p class="quiet">agree on {percent(it.agreed, 0)} of {count(it.calls)} calls</p>}</header>
      {it.calls === 0 ? <p class="quiet">Nobody said yet who answered: annotate calls with “answered by”.</p> : (
        <>
          <div class="scroll-x">
            <table class="table matrix">
              <thead><tr><th scope="col">Detected</th>{CLASSES.map((person) => <th key={person} scope="col" class="num">people: {word(person).toLowerCase()}</th>)}</tr></thead>
              <tbody>
                {detected.map((machine) => (
                  <tr key={machine ?? "none"}>
                    <th scope="row">{machine === null ? "not asked" : word(machine)}</th>
                    {CLASSES.map((person) => {
                      const calls = cell(machine, person);
                      const fits = machine !== null && (machine === "human") === (person === "human") && machine !== "unknown";
                      const isWrong = machine !== null && machine !== "unknown" && !fits;
                      return (
                        <td key={person} class={`num ${calls === 0 ? "quiet" : fits ? "is-right" : isWrong ? "is-wrong" : ""}`}>
                          {calls === 0 ? "0" : machine === null ? count(calls)
                            : <a href={callsAddress(query, { AnsweredBy: machine, AnsweredByAnnotation: person })}>{isWrong && "✕ "}{fits && "✓ "}{count(calls)}</a>}
                        </td>
                      );
                    })}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <dl class="rates">
            {it.classes.map((one) => (
              <div key={one.class}>
                <dt>{word(one.class)}</dt>
                <dd><b>{one.precision == null ? "–" : percent(one.precision, 0)}</b> precision <span class="quiet">of what was detected so is so</span></dd>
                <dd><b>{one.recall == null ? "–" : percent(one.recall, 0)}</b> recall <span class="quiet">of what is so was detected</span></dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}

function order(detected: string | null): number {
  if (detected === "human") return 0;
  if (detected === null) return 9;
  return detected === "unknown" ? 8 : 1;
}
