// What the caller said of the call.

import type { RatedSummary } from "../../api/calls";
import { EDGES } from "../../api/answers";
import { fullTime, time } from "../../model/format";
import { word } from "../../model/words";
import { Score } from "../calls/columns";

export function Feedback({ call }: { call: RatedSummary }) {
  const told = call.feedback;
  const sdk = EDGES.map((name) => (call[name]?.events as { feedback?: { score?: number; reason?: string } } | null | undefined)?.feedback).find((it) => it?.score != null);
  if (!told && !sdk) return null;
  const issue = (it: string) => word(it.replaceAll("-", "_"));
  return (
    <section class="card" aria-label="Feedback">
      <header class="card-head"><h2>What the caller said</h2></header>
      <dl class="facts">
        {told && <div><dt>Rating</dt><dd><Score value={told.quality_score} /></dd></div>}
        {told?.issues && told.issues.length > 0 && <div><dt>Issues</dt><dd>{told.issues.map(issue).join(", ")}</dd></div>}
        {told?.date_updated && <div><dt>When</dt><dd title={fullTime(told.date_updated)}>{time(told.date_updated)}</dd></div>}
        {sdk && <div><dt>In the SDK</dt><dd><Score value={sdk.score} /> {sdk.reason && issue(sdk.reason)}</dd></div>}
      </dl>
    </section>
  );
}
