import { describe, expect, test } from "vitest";

import { findingsOf } from "../src/model/findings";
import { verdictOf } from "../src/model/verdict";
import { call, edge } from "./calls";

const good = { packets_received: 5000, packets_lost: 0, packets_loss_percentage: 0, jitter: { avg: 2, max: 6 } };
const lossy = { packets_received: 4600, packets_lost: 400, packets_loss_percentage: 8, jitter: { avg: 2, max: 6 } };

describe("whose side it was", () => {
  const cases: [name: string, of: ReturnType<typeof call>, side: string | null, headline: string][] = [
    ["lost between the caller and a gateway", call({ carrier_edge: edge("inbound", { inbound: lossy, outbound: good }), tags: ["high_packet_loss"], from: { caller: "+1", carrier: "Cascade" } }),
      "caller", "The callee heard the caller badly: 8.0 % of packets lost."],
    ["lost between a gateway and the callee", call({ carrier_edge: edge("outbound", { outbound: lossy, inbound: good }), tags: ["high_packet_loss"] }),
      "callee", "The callee heard the caller badly: 8.0 % of packets lost."],
    ["lost on the way to an SDK", call({ sdk_edge: edge("inbound", { inbound: lossy }), to: { callee: "client:mira" }, tags: ["high_packet_loss"] }),
      "callee", "The callee (mira) heard the caller badly: 8.0 % of packets lost."],
    ["lost on a stream that passes through", call({ sip_edge: edge("inbound", { inbound: lossy }), carrier_edge: edge("outbound", { outbound: lossy }), tags: ["high_packet_loss"] }),
      "way", "The callee heard the caller badly: 8.0 % of packets lost."],
    ["late within the platform", call({ carrier_edge: edge("inbound", { inbound: { ...good, latency: { avg: 210, max: 300 } } }), tags: ["high_latency"] }),
      "platform", "The callee heard the caller badly: 210 ms within the platform."],
    ["nothing came from the caller", call({ carrier_edge: edge("inbound", { inbound: { packets_received: 0, packets_lost: 0 }, outbound: good }), tags: ["silence"] }),
      "caller", "One-way audio: the callee heard nothing of the caller."],
    ["nothing was heard since", call({ carrier_edge: edge("outbound", { outbound: good }, { unheard: [{ direction: "outbound", since: 12, reason: "heard nothing since 00:12" }] }), tags: ["silence"] }),
      "callee", "One-way audio: the callee heard nothing of the caller since 00:12."],
    ["an SDK without a path", call({ sdk_edge: edge("outbound", null, { not_measured: "no_media_report" }), tags: ["ice_failure"], from: { caller: "client:jo" } }),
      "caller", "The caller (jo) had no sound: no path for its media was found (ICE)."],
    ["slow to ring", call({ properties: { pdd_ms: 9800, pdd_limit: { p95_ms: 4600, country: "DE" } }, tags: ["high_pdd"] }),
      "callee", "It took long to ring: 9.80 s until it rang."],
    ["refused by the callee's side", call({ call_state: "fail", properties: { last_sip_response_num: 404, sip: { callee_response: 404 } } }),
      "callee", "The number does not exist (404)."],
    ["refused by the platform itself", call({ call_state: "fail", properties: { last_sip_response_num: 403, sip: { callee_response: null } } }),
      "platform", "The call was forbidden (403)."],
  ];
  test.each(cases)("%s", (_name, of, side, headline) => {
    const verdict = verdictOf(of);
    expect(verdict.side).toBe(side);
    expect(verdict.headline).toBe(headline);
  });
});

describe("what is not known is not good", () => {
  test("a call that nobody measured", () => {
    const verdict = verdictOf(call({ sip_edge: edge("inbound", null, { not_measured: "no_media_report" }) }));
    expect(verdict.tone).toBe("unknown");
    expect(verdict.headline).toBe("How it sounded is not known: no report about its media came.");
  });
  test("a call that was measured and is good", () => {
    const verdict = verdictOf(call({ sip_edge: edge("inbound", { inbound: { ...good, mos: { avg: 4.361 } } }) }));
    expect(verdict.tone).toBe("good");
    expect(verdict.headline).toBe("Nothing wrong was measured: at most 0.0 % lost, MOS 4.36.");
  });
  test("a call that was never answered", () => {
    expect(verdictOf(call({ call_state: "busy", properties: { last_sip_response_num: 486 }, connect_duration: null })).headline).toBe("No media flowed, so there is nothing to judge.");
  });
});

describe("findings", () => {
  test("a relayed stream counts once, though both edges show it", () => {
    const findings = findingsOf(call({ sip_edge: edge("inbound", { inbound: lossy }), carrier_edge: edge("outbound", { outbound: lossy }), tags: ["high_packet_loss"] }));
    expect(findings).toHaveLength(1);
  });
  test("each says the value that broke the rule, and the rule", () => {
    const [it] = findingsOf(call({ sdk_edge: edge("inbound", { inbound: { ...good, mos: { avg: 2.52 } } }), tags: ["low_mos"] }));
    expect(it).toMatchObject({ tag: "low_mos", value: "a MOS of 2.52", rule: "less than 3.5", edge: "sdk_edge", direction: "inbound" });
  });
  test("a tag that no figure explains is told all the same", () => {
    const [it] = findingsOf(call({ tags: ["something_new"] }));
    expect(it).toMatchObject({ tag: "something_new", value: "no figure of the summary explains it", severity: "warn" });
  });
  test("what is over a limit and not tagged is no finding", () => {
    expect(findingsOf(call({ carrier_edge: edge("inbound", { inbound: lossy }) }))).toEqual([]);
  });
});
