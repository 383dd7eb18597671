// Calls that belong to this one: the legs of a back-to-back user agent are calls of their own.

import { get } from "../../api/client";
import { useLoad } from "../../api/load";
import type { CallPage, CallSummary } from "../../api/answers";
import { summary } from "../../api/calls";
import { party, time } from "../../model/format";
import { State, Tags } from "../calls/columns";

/** Time that legs may lie apart. */
const APART = 24 * 3600 * 1000;

export function Legs({ call }: { call: CallSummary }) {
  const parent = call.parent_call_sid ?? null;
  const loaded = useLoad(`${call.call_sid}|${parent}|${call.call_state}`, async (signal) => {
    const begun = Date.parse(call.start_time ?? call.created_time ?? "");
    const children = (sid: string) => get<CallPage>("/v1/Voice/Summaries", new URLSearchParams({
      ParentCallSid: sid, ProcessingState: "all", StartTime: new Date(begun - APART).toISOString().replace(/\.\d+Z$/, "Z"), PageSize: "20",
    }), signal).then((page) => page.call_summaries.filter((it) => it.parent_call_sid === sid));
    const [above, beside, below] = await Promise.all([parent ? summary(parent, signal).catch(() => null) : null, parent ? children(parent) : [], children(call.call_sid)]);
    return [
      ...(above ? [{ leg: above as CallSummary, what: "Before this one" }] : []),
      ...beside.filter((it) => it.call_sid !== call.call_sid).map((leg) => ({ leg, what: "Beside this one" })),
      ...below.map((leg) => ({ leg, what: "After this one" })),
    ];
  });
  if (!loaded.data || loaded.data.length === 0) return null;
  return (
    <section class="card" aria-label="Other legs">
      <header class="card-head"><h2>Other legs</h2><p class="quiet">the same conversation, on its way further</p></header>
      <div class="scroll-x">
        <table class="table is-listed">
          <tbody>
            {loaded.data.map(({ leg, what }) => (
              <tr key={leg.call_sid}>
                <td class="quiet">{what}</td>
                <th scope="row"><a href={`/calls/${leg.call_sid}`}>{party(leg.from?.caller)} → {party(leg.to?.callee)}</a></th>
                <td>{time(leg.start_time)}</td>
                <td><State call={leg} /></td>
                <td><Tags tags={leg.tags} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
