import { describe, expect, test } from "vitest";

import { findingsOf, isOfStream, rulesOf } from "../src/model/findings";
import { verdictOf } from "../src/model/verdict";
import { call, edge, reason, tagged } from "./calls";

const good = { packets_received: 5000, packets_lost: 0, packets_loss_percentage: 0, jitter: { avg: 2, max: 6 } };
const lossy = { packets_received: 4600, packets_lost: 400, packets_loss_percentage: 8, jitter: { avg: 2, max: 6 } };

describe("whose side it was", () => {
  const cases: [name: string, of: ReturnType<typeof call>, side: string | null, headline: string][] = [
    ["lost between the caller and a gateway", call({ carrier_edge: edge("inbound", { inbound: lossy, outbound: good }), ...tagged(reason("high_packet_loss", "carrier_edge inbound", { loss: 8 })), from: { caller: "+1", carrier: "Cascade" } }),
      "caller", "The callee heard the caller badly: 8.0 % of packets lost."],
    ["lost between a gateway and the callee", call({ carrier_edge: edge("outbound", { outbound: lossy, inbound: good }), ...tagged(reason("high_packet_loss", "carrier_edge outbound", { loss: 8 })) }),
      "callee", "The callee heard the caller badly: 8.0 % of packets lost."],
    ["lost on the way to an SDK", call({ sdk_edge: edge("inbound", { inbound: lossy }), to: { callee: "client:mira" }, ...tagged(reason("high_packet_loss", "sdk_edge inbound", { loss: 8 })) }),
      "callee", "The callee (mira) heard the caller badly: 8.0 % of packets lost."],
    ["lost on a stream that passes through", call({ sip_edge: edge("inbound", { inbound: lossy }), carrier_edge: edge("outbound", { outbound: lossy }), ...tagged(reason("high_packet_loss", "sip_edge inbound", { loss: 8 }), reason("high_packet_loss", "carrier_edge outbound", { loss: 8 })) }),
      "way", "The callee heard the caller badly: 8.0 % of packets lost."],
    ["late within the platform", call({ carrier_edge: edge("inbound", { inbound: { ...good, latency: { avg: 210, max: 300 } } }), ...tagged(reason("high_latency", "carrier_edge inbound", { latency: 210 })) }),
      "platform", "The callee heard the caller badly: 210 ms within the platform."],
    ["nothing came from the caller", call({ carrier_edge: edge("inbound", { inbound: { packets_received: 0, packets_lost: 0 }, outbound: good }), ...tagged(reason("silence", "carrier_edge inbound", { received: 0 })) }),
      "caller", "One-way audio: the callee heard nothing of the caller."],
    ["nothing was heard since", call({ carrier_edge: edge("outbound", { outbound: good }, { unheard: [{ direction: "outbound", since: 12, reason: "heard nothing since 00:12" }] }), tags: ["silence"] }),
      "callee", "One-way audio: the callee heard nothing of the caller since 00:12."],
    ["an SDK without a path", call({ sdk_edge: edge("outbound", null, { not_measured: "no_media_report" }), ...tagged(reason("ice_failure", "sdk_edge", "sdk_event")), from: { caller: "client:jo" } }),
      "caller", "The caller (jo) had no sound: no path for its media was found (ICE)."],
    ["slow to ring", call(tagged(reason("high_pdd", null, { pdd: 9800 }))),
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
    const findings = findingsOf(call({ sip_edge: edge("inbound", { inbound: lossy }), carrier_edge: edge("outbound", { outbound: lossy }), ...tagged(reason("high_packet_loss", "sip_edge inbound", { loss: 8 }), reason("high_packet_loss", "carrier_edge outbound", { loss: 8 })) }));
    expect(findings).toHaveLength(1);
  });
  test("each says the value that broke the rule, and the rule", () => {
    const [it] = findingsOf(call({ sdk_edge: edge("inbound", { inbound: { ...good, mos: { avg: 2.52 } } }), ...tagged(reason("low_mos", "sdk_edge inbound", { mos: 2.52 })) }));
    expect(it).toMatchObject({ tag: "low_mos", value: "a MOS of 2.52", rule: "less than 3.5", edge: "sdk_edge", direction: "inbound" });
  });
  test("a tag that no figure explains is told all the same", () => {
    const [it] = findingsOf(call(tagged(reason("something_new", null, "imported"))));
    expect(it).toMatchObject({ tag: "something_new", value: "as the system says that the summary came from", rule: null, severity: "warn" });
  });
  test("figures that raise a tag together stand together", () => {
    const of = call({ sip_edge: edge("inbound", { inbound: good }), ...tagged(reason("high_jitter", "sip_edge inbound", { jitter: 8.5, largest: 41 })) });
    expect(findingsOf(of)).toMatchObject([{ value: "jitter of 8.5 ms (largest 41 ms)", rule: "mean jitter at least 5 ms and largest jitter at least 30 ms", metrics: ["jitter_avg", "jitter_max"] }]);
    expect(rulesOf(of, "high_jitter")).toBe("mean jitter at least 5 ms and largest jitter at least 30 ms (Carrier edge, SIP edge)");
    expect(rulesOf(of, "high_packet_loss")).toBe("packets lost more than 5 %");
    expect(rulesOf(of, "of_tomorrow")).toBeNull();
  });
  test("the limit of a delay says where it was learnt", () => {
    const [it] = findingsOf(call(tagged(reason("high_pdd", null, { pdd: 9800 }))));
    expect(it).toMatchObject({ value: "9.80 s until it rang", rule: "95 % of calls to DE ring within 4.60 s", side: "callee" });
  });
  test("what is over a limit and not tagged is no finding", () => {
    expect(findingsOf(call({ carrier_edge: edge("inbound", { inbound: lossy }) }))).toEqual([]);
  });
});

describe("which way on the path a finding is about", () => {
  const marked = (of: ReturnType<typeof call>) => {
    const [finding] = findingsOf(of);
    return (["caller", "callee"] as const).flatMap((role) => [true, false].filter((isUp) => isOfStream(of, finding!, role, isUp)).map((isUp) => `${isUp ? "from" : "to"} the ${role}`));
  };
  test("what was silent at a gateway, though the way's figures are an SDK's", () => {
    const edges = { client_edge: edge("inbound", { inbound: good, outbound: { packets_sent: 0 } }), sdk_edge: edge("outbound", { inbound: good, outbound: good }), from: { caller: "client:jo" } };
    expect(marked(call({ ...edges, ...tagged(reason("silence", "client_edge outbound", { sent: 0 })) }))).toEqual(["to the caller"]);
  });
  test("what an SDK did not send", () => {
    expect(marked(call({ sdk_edge: edge("inbound", { outbound: lossy }), to: { callee: "client:mira" }, ...tagged(reason("high_packet_loss", "sdk_edge outbound", { loss: 8 })) }))).toEqual(["from the callee"]);
  });
  test("what passes through is bad on both legs", () => {
    expect(marked(call({ sip_edge: edge("inbound", { inbound: lossy }), carrier_edge: edge("outbound", { outbound: lossy }), ...tagged(reason("high_packet_loss", "sip_edge inbound", { loss: 8 }), reason("high_packet_loss", "carrier_edge outbound", { loss: 8 })) })))
      .toEqual(["from the caller", "to the callee"]);
  });
  test("what is only worth a look marks nothing", () => {
    expect(marked(call(tagged(reason("high_pdd", null, { pdd: 9800 }))))).toEqual([]);
  });
});
