import { statistics } from "../../api/calls";
import { useLoad } from "../../api/load";
import { callsAddress, filterOfDimension, literal } from "../../model/filters";
import { isBad } from "../../model/quality";
import { sipMeaning } from "../../model/sip";
import { score, word } from "../../model/words";
import { Bars, type BarRow } from "../../parts/bars";
import { Failed, Waiting } from "../../parts/states";

const CARDS: { title: string; dimension: string; empty: string; isOnlyKnown?: boolean }[] = [
  { title: "Findings", dimension: "Tag", empty: "No call was tagged.", isOnlyKnown: true },
  { title: "Outcome", dimension: "CallState", empty: "No outcome is known." },
  { title: "Last SIP response", dimension: "SipResponse", empty: "No response was seen.", isOnlyKnown: true },
  { title: "Direction", dimension: "Direction", empty: "No direction is known." },
  { title: "Type", dimension: "CallType", empty: "No type is known." },
  { title: "What people heard", dimension: "QualityIssue", empty: "Nobody noted a quality issue.", isOnlyKnown: true },
];

export function Breakdowns(props: { asked: URLSearchParams; total: number; query: URLSearchParams; every: number | undefined }) {
  return (
    <div class="breakdowns">
      {CARDS.map((it) => <Breakdown key={it.dimension} card={it} {...props} />)}
    </div>
  );
}

function Breakdown({ card, asked, total, query, every }: { card: (typeof CARDS)[number]; asked: URLSearchParams; total: number; query: URLSearchParams; every: number | undefined }) {
  const loaded = useLoad(`${asked}|${card.dimension}`, (signal) => statistics(asked, { GroupBy: card.dimension, Measures: "calls", Limit: "8" }, signal), { every });
  const filter = filterOfDimension(card.dimension)!;
  const rows = (loaded.data?.statistics ?? []).flatMap((it): BarRow[] => {
    const value = (it.group as Record<string, unknown>)[card.dimension];
    if (value === null || value === undefined) return card.isOnlyKnown ? [] : [{ label: "Not known", value: it.calls, href: null }];
    return [{
      label: labelOf(card.dimension, String(value)),
      value: it.calls,
      href: callsAddress(query, { [filter]: literal(String(value)) }),
      tone: value === "fail" || isBad(String(value)) ? "bad" : undefined,
    }];
  });
  return (
    <section class="card" aria-label={card.title}>
      <header class="card-head"><h2>{card.title}</h2></header>
      {loaded.error && !loaded.data ? <Failed error={loaded.error} retry={loaded.reload} />
        : !loaded.data ? <Waiting />
        : <Bars rows={rows} total={total} empty={card.empty} />}
    </section>
  );
}

export function labelOf(dimension: string, value: string): string {
  if (dimension === "SipResponse") {
    const code = Number(value);
    return code >= 400 ? `${value} ${sipMeaning(code)}` : code === 200 ? "200 OK" : value;
  }
  if (dimension === "CallScore") return `${value} ${score(Number(value))}`;
  return word(value);
}
