import type { Page } from "@playwright/test";
import type { Options, Sample, Warning } from "../sdk/sidetone.d.ts";
import { Call } from "./support/call";
import { Path } from "./support/path";
import type { Sidetone } from "./support/sidetone";
import { newCallSid } from "./support/sidetone";
import { expect, test } from "./support/test";
import { type Report, type Truth, truth } from "./support/truth";

interface Metrics {
  inbound: Record<string, number> & Record<"jitter" | "mos" | "rtt", Record<string, number>>;
  outbound: Record<string, number>;
}

interface Summary {
  call_state: string;
  processing_state: string;
  properties: { disconnected_by?: string };
  sdk_edge: { metrics: Metrics; tags?: string[]; events: { groups: Record<string, number> } } | null;
}

const summary = (sidetone: Sidetone, callSid: string) =>
  sidetone.json<Summary>(`/v1/Voice/${callSid}/Summary?ProcessingState=all`);

async function settled(sidetone: Sidetone, callSid: string): Promise<Summary> {
  await expect
    .poll(async () => (await summary(sidetone, callSid)).processing_state, { timeout: 30_000 })
    .toBe("complete");
  return summary(sidetone, callSid);
}

const stop = (page: Page, by?: "local" | "remote") =>
  page.evaluate(async (by) => {
    await phone.observation.stop(by);
    phone.connection.close();
  }, by);

const reports = (page: Page) => page.evaluate(() => phone.reports);
const told = (page: Page) => page.evaluate(() => ({ warnings: phone.warnings, errors: phone.errors }));

/** Holds what the server says to what the page's own getStats said. */
function hold({ metrics }: NonNullable<Summary["sdk_edge"]>, said: Truth): void {
  const { inbound, outbound } = metrics;
  expect(inbound.packets_received).toBe(said.received);
  expect(inbound.packets_lost).toBe(said.lost);
  expect(outbound.packets_sent).toBe(said.sent);
  expect(inbound.packets_loss_percentage).toBeCloseTo(said.lossPercent, 1);
  expect(inbound.jitter.max).toBeCloseTo(said.jitter.max, 2);
  expect(inbound.jitter.avg).toBeCloseTo(said.jitter.avg, 2);
  for (const key of ["avg", "min", "max"] as const)
    expect(inbound.mos[key]).toBeCloseTo(said.mos[key], 1);
}

test("both sides of a call over a bad network: what the server says is what getStats said", async ({
  context,
  site,
  sidetone,
}) => {
  const path = new Path({ loseEach: 20, delays: [0, 5, 25, 0, 15] });
  const call = await Call.open(context, site, path);
  const sides = [
    { page: call.caller, callSid: newCallSid(), direction: "outgoing", by: "local" },
    { page: call.callee, callSid: newCallSid(), direction: "incoming", by: "remote" },
  ] as const;
  for (const { page, callSid, direction } of sides) {
    const token = await sidetone.token(callSid, "observe");
    await call.observe(page, { callSid, token, url: sidetone.url, direction });
  }
  await call.connect();
  await call.callee.waitForTimeout(14_000);
  await Promise.all(sides.map(({ page, by }) => stop(page, by)));
  call.close();

  for (const { page, callSid } of sides) {
    const { call_state, properties, sdk_edge } = await settled(sidetone, callSid);
    expect(call_state).toBe("completed");
    expect(properties.disconnected_by).toBe("caller");
    const said = truth(await reports(page));
    hold(sdk_edge as NonNullable<typeof sdk_edge>, said);

    // The network loses 5 %, and a busy machine some more.
    expect(said.lost).toBeGreaterThan(10);
    expect(said.lossPercent).toBeGreaterThan(3);
    expect(said.jitter.max).toBeGreaterThan(5);
    expect(said.mos.avg).toBeLessThan(4.3);

    const { warnings, errors } = await told(page);
    expect(errors).toEqual([]);
    const raised = warnings.filter((one) => one.raised).map((one) => one.name);
    expect(raised).toContain("high-packet-loss");
    const groups = sdk_edge?.events.groups;
    expect(groups).toMatchObject({
      "network-quality-warning-raised": raised.filter((name) => !name.startsWith("constant")).length,
    });
    // A path may be looked for again.
    expect(groups?.["ice-connection-state"]).toBeGreaterThanOrEqual(2);
    expect(groups?.["dtls-transport-state"]).toBeGreaterThanOrEqual(2);
  }
});

test("the page is loaded anew, the server goes and comes back: nothing is lost", async ({
  context,
  site,
  sidetone,
  quiet,
}) => {
  quiet.expect(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|sidetone:/);
  const callSid = newCallSid();
  const token = await sidetone.token(callSid, "observe");
  const options = { callSid, token, url: sidetone.url } as const;
  const before = await Call.open(context, site);
  await before.observe(before.caller, options);
  await before.connect();
  await before.caller.waitForTimeout(4_000);
  await sidetone.stop();
  await before.caller.waitForTimeout(3_000);
  const after = await before.again();
  before.close();
  const first = truth(await after.caller.evaluate(() => phone.reportsBefore()));
  await after.observe(after.caller, options);
  await after.connect();
  await sidetone.start();
  await after.caller.waitForTimeout(3_000);
  await stop(after.caller, "local");
  after.close();
  const second = truth(await reports(after.caller));

  const { sdk_edge } = await settled(sidetone, callSid);
  // What came between the last look at the first connection and its end is not known.
  expect(sdk_edge?.metrics.inbound.packets_received).toBe(first.received + second.received);
  expect(sdk_edge?.metrics.outbound.packets_sent).toBe(first.sent + second.sent);
  expect(first.received).toBeGreaterThan(100);
  expect(second.received).toBeGreaterThan(50);
  const { metrics } = await sidetone.json<{ metrics: unknown[] }>(
    `/v1/Voice/${callSid}/Metrics?Edge=sdk_edge&PageSize=100`,
  );
  expect(metrics.length).toBeGreaterThan(5);
});

test("a token that has expired is replaced, and nothing is lost", async ({ context, site, sidetone, quiet }) => {
  quiet.expect(/401/);
  const callSid = newCallSid();
  const token = await sidetone.token(callSid, "observe");
  const call = await Call.open(context, site);
  await call.caller.evaluate(
    ([callSid, url, token]) =>
      phone.observe({ callSid, url, token: "expired", renewToken: () => token }),
    [callSid, sidetone.url, token] as const,
  );
  await call.connect();
  await call.caller.waitForTimeout(3_000);
  await call.caller.evaluate(() => phone.observation.rate(2, "choppy-audio"));
  await stop(call.caller);
  call.close();
  const { sdk_edge } = await settled(sidetone, callSid);
  expect(sdk_edge?.metrics.inbound.packets_received).toBe(truth(await reports(call.caller)).received);
  expect(await sidetone.feedback(callSid)).toMatchObject({ quality_score: 2, issues: ["imperfect-audio"] });
});

test("a connection that is closed without a word ends the observation", async ({ context, site, sidetone }) => {
  const callSid = newCallSid();
  const token = await sidetone.token(callSid, "observe");
  const call = await Call.open(context, site);
  await call.observe(call.caller, { callSid, token, url: sidetone.url });
  await call.connect();
  await call.caller.waitForTimeout(2_500);
  await call.caller.evaluate(() => phone.connection.close());
  call.close();
  const { call_state, properties } = await settled(sidetone, callSid);
  expect(call_state).toBe("completed");
  expect(properties.disconnected_by ?? null).toBeNull();
});

/** What `phone.js` puts into a page. */
declare const phone: {
  connection: RTCPeerConnection;
  observation: import("../sdk/sidetone.d.ts").Observation;
  observe(options: Partial<Options>): void;
  reports: Report[];
  reportsBefore(): Report[];
  samples: Sample[];
  warnings: Warning[];
  errors: string[];
};
