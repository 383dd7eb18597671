// Rules of alerts are made, tried on the past, changed and deleted, and receivers beside them.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { call, ended, send, started, untilCalls } from "./support/events";
import type { Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

test.describe.configure({ mode: "serial" });
// The whole of the editor: what is half under the header is too small to be hit, for axe.
test.use({ viewport: { width: 1280, height: 1600 } });

const DAY = 86_400;

let server: Sidetone;
test.beforeAll(async () => {
  server = await started({ SIDETONE_WEBHOOK_ALLOW_PRIVATE: "true" });
  // Two days ago one carrier lost what it carried.
  const calls = Array.from({ length: 12 }, (_, n) => n);
  await send(server, [
    ...calls.flatMap((n) => call(n, 2 * DAY + n, { carrier: "Rheinfunk", lost: 900 })),
    ...calls.flatMap((n) => call(100 + n, 2 * DAY + n, { carrier: "Albion" })),
  ]);
  await untilCalls(server, 24);
});
test.afterAll(() => ended(server));

test("a rule is made of a template, with what the server refuses told at its field", async ({ page, watch }) => {
  await signIn(page, server, "/alerts/rules");
  await expect(page.getByText("None yet.", { exact: false })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "New rule" }).click();
  await expectAccessible(page);
  await page.getByRole("link", { name: /^No calls/ }).click();
  await expect(page.getByLabel("Name")).toHaveValue("No calls");
  await expect(page.getByRole("region", { name: "When it would have fired" })).toContainText(/It would have fired \d+ times/);
  await expect(page.getByRole("region", { name: "When", exact: true }).getByRole("row")).toHaveCount(3);
  await expectAccessible(page);

  watch.allow(/400/);
  await page.getByLabel("Over the last").fill("3d");
  await page.getByRole("button", { name: "Make the rule" }).click();
  const window = page.getByLabel("Over the last");
  await expect(window).toBeFocused();
  await expect(window).toHaveAccessibleDescription(/Invalid Window '3d'/);
  await expectAccessible(page);
  await window.fill("30m");
  // Behind More, a field that is wrong comes out.
  await page.getByLabel("Quiet hours").fill("at night");
  await page.getByText("More", { exact: true }).click();
  await expect(page.getByLabel("Quiet hours")).toBeHidden();
  await page.getByRole("button", { name: "Make the rule" }).click();
  await expect(page.getByLabel("Quiet hours")).toBeFocused();
  await expect(page.getByLabel("Quiet hours")).toHaveAccessibleDescription(/QuietHours/);
  await page.getByLabel("Quiet hours").fill("22:00-06:00");
  await page.getByRole("button", { name: "Make the rule" }).click();
  await expect(page.getByText("No calls watches from now on.")).toBeVisible();
  await expect(page.getByRole("row", { name: /^No calls Number of calls below 1 / })).toBeVisible();

  // What is taken away is gone.
  await page.getByRole("link", { name: "No calls", exact: true }).click();
  await page.getByLabel("Quiet hours").fill("");
  await page.getByLabel("Severity").selectOption("info");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("No calls is changed.")).toBeVisible();
  const { rules } = await server.json<{ rules: Record<string, unknown>[] }>("/v1/Voice/Alerts/Rules");
  expect(rules).toMatchObject([{ name: "No calls", severity: "info", quiet_hours: null, window: "30m", for: "1m", below: 1 }]);
  await page.getByRole("button", { name: "Delete No calls" }).click();
  await page.getByRole("dialog", { name: "Delete No calls?" }).getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("None yet.", { exact: false })).toBeVisible();
});

test("a preview is of a group that is chosen, leads to the calls, and says what it is not for", async ({ page, watch }) => {
  await signIn(page, server, "/alerts/rules/new?begin=empty");
  const preview = page.getByRole("region", { name: "When it would have fired" });
  await expect(preview).toContainText("Choose what is watched, and a limit.");
  await page.getByLabel("What is watched").selectOption("Share of calls");
  await page.getByRole("group", { name: "The share of these calls" }).getByRole("button", { name: "Filters as text" }).click();
  await page.getByLabel("The share of these calls, as text").fill("Tag=high_packet_loss");
  // Chips say the same, and their own forms do not send the rule.
  const among = page.getByRole("group", { name: "Among these calls" });
  await among.getByRole("button", { name: "More filters" }).click();
  await page.getByLabel("Find a filter").fill("duration at l");
  await page.keyboard.press("Enter");
  await page.getByLabel("Duration at least (s)").fill("10");
  await page.keyboard.press("Enter");
  await expect(among.getByRole("button", { name: "Duration at least: 10 s", exact: true })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.getByLabel("Is bad when it is").fill("50");
  await page.getByLabel("Each by itself").selectOption("Carrier");
  await page.getByText("More", { exact: true }).click();
  await page.getByLabel("From so many calls").fill("5");
  await expect(preview).toContainText("It would have fired 1 time, for 1 of 2 groups.");
  await expect(page).toHaveURL(/Filters=Tag%3Dhigh_packet_loss/);
  await expect(preview.getByLabel("Carrier, called")).toHaveValue("Rheinfunk");
  await preview.getByLabel("Carrier, called").selectOption("Albion");
  await expect(preview.getByRole("figure", { name: /of Albion over 30 days/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Tag: High packet loss", exact: true })).toBeVisible();
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  await page.setViewportSize({ width: 1280, height: 1600 });
  await page.getByRole("link", { name: /^12 calls from .* of Rheinfunk/ }).click();
  await expect(page.getByText("12 calls", { exact: true })).toBeVisible();
  // What was written is there still.
  await page.goBack();
  await expect(page.getByLabel("Is bad when it is")).toHaveValue("50");

  watch.allow(/400/);
  await page.getByLabel("Against the weeks before").fill("4");
  await expect(preview).toContainText("a preview holds values against a limit of their own");
  await page.getByLabel("Against the weeks before").fill("");
  await expect(preview).toContainText("It would have fired 1 time");
});

test("a receiver is made, tested, named by a rule, and then not deleted", async ({ page, watch }) => {
  let answer = 200;
  const told: string[] = [];
  const channel = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk)).on("end", () => { told.push(body); response.writeHead(answer).end("ok"); });
  });
  const port = await new Promise<number>((listening) => channel.listen(0, "127.0.0.1", () => listening((channel.address() as AddressInfo).port)));
  try {
    await signIn(page, server, "/alerts/receivers");
    await expect(page.getByText("None yet.", { exact: false })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Make a receiver" }).click();
    const make = page.getByRole("dialog", { name: "Make a receiver" });
    for (const kind of ["email", "pagerduty", "teams", "webhook", "alertmanager", "slack"]) {
      await make.getByLabel("Kind").selectOption(kind);
      await expectAccessible(page);
    }
    watch.allow(/400/);
    await make.getByLabel("What it is for").fill("Night shift");
    await make.getByRole("button", { name: "Make the receiver" }).click();
    await expect(make.getByLabel("URL of an incoming webhook")).toBeFocused();
    await expect(make.getByLabel("URL of an incoming webhook")).toHaveAccessibleDescription(/url is missing/);
    await make.getByLabel("URL of an incoming webhook").fill(`http://127.0.0.1:${port}/services/T/B/secret`);
    await make.getByRole("button", { name: "Make the receiver" }).click();
    await page.getByRole("button", { name: "Test it" }).click();
    await expect(page.getByText("Night shift took the test.")).toBeVisible();
    expect(told.length).toBe(1);
    const row = page.getByRole("row", { name: /^Night shift/ });
    await expect(row).toContainText(`http://127.0.0.1:${port}/***`);
    await expect(row).toContainText("active");
    await expectAccessible(page);

    answer = 410;
    await page.getByRole("button", { name: "Test Night shift" }).click();
    await expect(page.getByText("Night shift refused the test for good.")).toBeVisible();
    await expect(row).toContainText("failed");
    await page.setViewportSize({ width: 390, height: 844 });
    await expectAccessible(page);
    await page.setViewportSize({ width: 1280, height: 1600 });

    await page.goto(`${server.url}/alerts/rules/new?Name=Many&Measure=calls&Above=1000`);
    await page.getByLabel("Night shift").check();
    await page.getByRole("button", { name: "Make the rule" }).click();
    await expect(page.getByRole("row", { name: /^Many/ })).toContainText("1 receiver");
    await page.getByRole("link", { name: "Receivers", exact: true }).click();
    await page.getByRole("button", { name: "Delete Night shift" }).click();
    const forget = page.getByRole("dialog", { name: "Delete Night shift?" });
    await forget.getByRole("button", { name: "Delete" }).click();
    await expect(forget.getByRole("alert")).toContainText("is in use by the rule");
    await forget.getByRole("link", { name: "Open the rule" }).click();
    await page.getByLabel("Night shift").uncheck();
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("row", { name: /^Many/ })).toContainText("nobody");
    await page.getByRole("link", { name: "Receivers", exact: true }).click();
    await page.getByRole("button", { name: "Delete Night shift" }).click();
    await forget.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByText("None yet.", { exact: false })).toBeVisible();
  } finally {
    channel.close();
  }
});

test("a rule is made by keys alone", async ({ page }) => {
  await signIn(page, server, "/alerts/rules/new");
  await expect(page.getByRole("link", { name: /^Empty rule/ })).toBeVisible();
  const to = async (name: string) => {
    for (let n = 0; n < 60; n++) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const it = document.activeElement;
        return it instanceof HTMLInputElement || it instanceof HTMLSelectElement ? it.labels?.[0]?.textContent ?? "" : it?.textContent ?? "";
      });
      if (at.startsWith(name)) return;
    }
    throw new Error(`no key leads to ${name}`);
  };
  await to("Empty rule");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Name")).toBeVisible();
  await to("Name");
  await page.keyboard.type("By keys");
  await to("What is watched");
  await page.keyboard.type("Number of calls");
  await to("Is bad when it is");
  await page.keyboard.type("100");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("row", { name: /^By keys Number of calls above 100 / })).toBeVisible();
});

test("who is no administrator sees rules, and changes none", async ({ page }) => {
  await server.ask("/v1/Voice/People", { Name: "vera", Role: "viewer", Password: "correct horse" });
  await signIn(page, server, "/alerts/rules", "vera", "correct horse");
  await expect(page.getByRole("row", { name: /^By keys/ })).toBeVisible();
  await expect(page.getByRole("link", { name: "New rule" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Delete By keys" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Receivers" })).toHaveCount(0);
  await page.goto(`${server.url}/alerts/rules/new`);
  await expect(page.getByText("For administrators")).toBeVisible();
  await expectAccessible(page);
});
