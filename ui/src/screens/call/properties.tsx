// All else that is known of a call.

import type { CallSummary } from "../../api/answers";
import { fullTime, milliseconds, time } from "../../model/format";
import { sipMeaning } from "../../model/sip";
import { word } from "../../model/words";

export function Properties({ call }: { call: CallSummary }) {
  const it = call.properties;
  const limit = it?.pdd_limit as { p95_ms?: number; country?: string | null } | null | undefined;
  const trust = call.trust as { attestation?: { level?: string; verified?: boolean }; verified_caller?: boolean } | null;
  const code = it?.last_sip_response_num;
  const facts: [string, string | null | undefined][] = [
    ["Type", call.call_type && word(call.call_type)],
    ["Direction", it?.direction && word(it.direction)],
    ["Started", call.start_time && time(call.start_time)],
    ["Ended", call.end_time && time(call.end_time)],
    ["Hung up by", it?.disconnected_by && word(it.disconnected_by)],
    ["Last SIP response", code ? `${code}${code >= 400 ? `, ${sipMeaning(code)}` : ""}` : null],
    ["Q.850 cause", it?.["q850_cause"] != null ? String(it["q850_cause"]) : null],
    ["Post-dial delay", it?.pdd_ms != null ? `${milliseconds(it.pdd_ms)}${limit?.p95_ms ? ` (95 % within ${milliseconds(limit.p95_ms)}${limit.country ? ` in ${limit.country}` : ""})` : ""}` : null],
    ["Answered by", call.answered_by && `${word(call.answered_by)} (detected)`],
    ["Attestation", trust?.attestation?.level && `${trust.attestation.level}${trust.attestation.verified === undefined ? "" : trust.attestation.verified ? ", signature good" : ", signature bad"}`],
    ["Verified caller", trust?.verified_caller == null ? null : trust.verified_caller ? "yes" : "no"],
    ["Summary", `${call.processing_state}, version ${call.processing_version ?? "–"}`],
  ];
  return (
    <section class="card" aria-label="Properties">
      <header class="card-head"><h2>Properties</h2></header>
      <dl class="facts">
        {facts.filter(([, value]) => value).map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd title={name === "Started" ? fullTime(call.start_time) : name === "Ended" ? fullTime(call.end_time) : undefined}>{value}</dd></div>
        ))}
      </dl>
    </section>
  );
}
