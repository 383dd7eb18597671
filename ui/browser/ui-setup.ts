// Where calls come from, what opens them, and where they are.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { call, ended, send, sid, started, untilCalls } from "./support/events";
import type { Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

test.describe.configure({ mode: "serial" });

let server: Sidetone;
test.beforeAll(async () => {
  server = await started();
});
test.afterAll(() => ended(server));

test("the light of a source turns green with its first event, and refusals say why", async ({ page }) => {
  await signIn(page, server, "/setup");
  await expect(page.getByText("Nothing has come since this server started")).toBeVisible();
  await page.getByRole("button", { name: /Your own software/ }).click();
  await expect(page.getByText("waiting for the first event")).toBeVisible();
  await expectAccessible(page);
  await send(server, call(1, 300)).catch(() => {});
  await expect(page.getByText(/4 accepted, the last/)).toBeVisible();
  await send(server, [{ call_sid: sid(2), at: new Date().toISOString(), kind: "progress", stepp: "initiated" }]).catch(() => {});
  await expect(page.getByText(/stepp/)).toBeVisible();
  await expectAccessible(page);
});

test("a key that is made opens calls, until it is revoked", async ({ page }) => {
  await untilCalls(server, 1);
  await signIn(page, server, "/setup/access");
  await page.getByRole("button", { name: "Make a key" }).click();
  await page.getByRole("dialog", { name: "Make a key" }).getByLabel("What it is for").fill("a test");
  await page.getByRole("dialog", { name: "Make a key" }).getByRole("button", { name: "Make the key" }).click();
  const fresh = page.getByRole("dialog", { name: "The key's secret" });
  const key = await fresh.locator("pre").innerText();
  await fresh.getByRole("button", { name: "I have kept it" }).click();
  const asked = async () => (await fetch(`${server.url}/v1/Voice/${sid(1)}/Summary?ProcessingState=all`, { headers: { Authorization: `Basic ${Buffer.from(key).toString("base64")}` } })).status;
  expect(await asked()).toBe(200);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Revoke a test" }).click();
  await page.getByRole("dialog", { name: "Revoke a test?" }).getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("Revoked.")).toBeVisible();
  expect(await asked()).toBe(401);
});

test("a sink is made, tested and deleted", async ({ page, watch }) => {
  await signIn(page, server, "/setup/streams");
  await expect(page.getByText("No sinks.", { exact: false })).toBeVisible();
  await page.getByRole("button", { name: "Make a sink" }).click();
  const make = page.getByRole("dialog", { name: "Make a sink" });
  await make.getByLabel("What it is for").fill("Night shift");
  for (const kind of ["segment", "otlp", "s3", "webhook"]) {
    await make.getByLabel("Kind").selectOption(kind);
    await expectAccessible(page);
  }
  await make.getByLabel("URL").fill("nowhere");
  await make.getByLabel("call-event.gateway").check();
  await expectAccessible(page);
  watch.allow(/400/);
  await make.getByRole("button", { name: "Make the sink" }).click();
  await expect(make.getByRole("alert")).toContainText("destination");
  await make.getByLabel("URL").fill("https://example.com/calls");
  await make.getByLabel("Signed as").selectOption("standard");
  await make.getByRole("button", { name: "Make the sink" }).click();
  const secret = page.getByRole("dialog", { name: "The sink's secret" });
  await expect(secret.locator("pre")).toContainText("whsec_");
  await secret.getByRole("button", { name: "I have kept it" }).click();
  const row = page.getByRole("row", { name: /Night shift/ });
  await expect(row).toContainText("https://example.com/calls");
  await expect(row).toContainText("call-summary.complete, call-event.gateway");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Test Night shift" }).click();
  await expect(page.getByText("A test event is on its way.")).toBeVisible();
  await page.getByRole("button", { name: "Delete Night shift" }).click();
  await page.getByRole("dialog", { name: "Delete Night shift?" }).getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("No sinks.", { exact: false })).toBeVisible();
});

test("a sink tells what it is owed, what it answered, and is tried again", async ({ page, watch }) => {
  let answer = 410;
  const receiver = createServer((request, response) => request.resume().on("end", () => response.writeHead(answer).end()));
  const port = await new Promise<number>((listening) => receiver.listen(0, "127.0.0.1", () => listening((receiver.address() as AddressInfo).port)));
  const server = await started({ SIDETONE_WEBHOOK_ALLOW_PRIVATE: "true" });
  try {
    const made = await server.ask("/v1/Sinks", { Description: "Night shift", SinkType: "webhook", SinkConfiguration: JSON.stringify({ destination: `http://127.0.0.1:${port}/calls`, method: "POST" }) });
    const sink = (await made.json()) as { sid: string };
    const subscribed = await server.ask("/v1/Subscriptions", { Description: "all", SinkSid: sink.sid, Types: JSON.stringify({ type: "com.twilio.voice.insights.call-summary.complete" }) });
    expect(subscribed.status).toBe(201);
    await send(server, call(7, 300));

    await signIn(page, server, "/setup/streams");
    const row = page.getByRole("row", { name: /Night shift/ });
    await row.getByRole("link", { name: "Deliveries of Night shift" }).click();
    const last = page.getByRole("region", { name: "Last deliveries" });
    await expect(last.getByText("given up answered 410")).toBeVisible();
    await expect(last.getByRole("link", { name: "call-summary.complete" })).toHaveAttribute("href", `/calls/${sid(7)}`);
    await expectAccessible(page);
    answer = 204;
    await page.getByRole("button", { name: "Try all again that was given up" }).click();
    await expect(page.getByText("It is tried again.")).toBeVisible();
    await expect(last.getByText("delivered 204")).toBeVisible();
    await expect(page.getByRole("button", { name: "Try all again that was given up" })).toHaveCount(0);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectAccessible(page);
    // Files are kept by what takes the same as S3.
    answer = 200;
    await page.setViewportSize({ width: 1280, height: 900 });
    watch.allow(/400/);
    const make = page.getByRole("dialog", { name: "Make a sink" });
    await page.getByRole("button", { name: "Make a sink" }).click();
    await make.getByLabel("What it is for").fill("Archive");
    await make.getByLabel("Kind").selectOption("s3");
    await make.getByLabel("Bucket").fill("calls");
    await make.getByLabel("Access key ID").fill("AKIDEXAMPLE");
    await make.getByRole("button", { name: "Make the sink" }).click();
    await expect(make.getByLabel("Secret access key")).toBeFocused();
    await expect(make.getByLabel("Secret access key")).toHaveAccessibleDescription(/secret_access_key is missing/);
    await make.getByLabel("Secret access key").fill("a secret");
    await make.getByLabel("Endpoint, if it is not Amazon's (may be empty)").fill(`http://127.0.0.1:${port}`);
    await make.getByLabel("What names begin with (may be empty)").fill("sidetone");
    await make.getByRole("button", { name: "Make the sink" }).click();
    await expect(page.getByRole("row", { name: /^Archive/ })).toContainText("s3://calls/sidetone");
  } finally {
    await ended(server);
    receiver.close();
  }
});

test("edge rules, webhooks and storage tell how things are", async ({ page }) => {
  await signIn(page, server, "/setup/sides");
  await expect(page.getByText("No rules")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Webhooks" }).click();
  await expect(page.getByText("Nothing waits.")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Storage" }).click();
  await expect(page.getByText("400 days", { exact: false }).first()).toBeVisible();
  await expectAccessible(page);
});

test("an interval of the trend leads to the calls that began in it", async ({ page }) => {
  await signIn(page, server, "/?StartTime=24h");
  const chart = page.getByRole("region", { name: "Trend" }).locator(".u-over");
  await chart.click({ position: { x: 40, y: 40 } });
  await expect(page).toHaveURL(/\/calls\?.*StartedBefore=/);
});
