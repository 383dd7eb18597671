// What rules find is told where people look.

import { call, ended, send, started, untilCalls } from "./support/events";
import type { Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

let server: Sidetone;
test.beforeAll(async () => {
  server = await started();
});
test.afterAll(() => ended(server));

test("an alert that fires is on the overview and its timeline, leads to its calls, and its rule is muted", async ({ page }) => {
  await signIn(page, server, "/alerts");
  await expect(page.getByText("No rule has been broken.")).toBeVisible();
  await expectAccessible(page);

  const made = await server.ask("/v1/Voice/Alerts/Rules", { Name: "Too many calls", Measure: "calls", Above: "1", Window: "1h", Severity: "error" });
  expect(made.status).toBe(201);
  for (const n of [1, 2, 3]) await send(server, call(n, 100 + n));
  await untilCalls(server, 3);
  await page.goto(`${server.url}/?StartTime=1h`);
  const firing = page.getByRole("region", { name: "Firing alerts" });
  await expect(firing).toContainText("Too many calls: ", { timeout: 60_000 });

  // The mark on the timeline says what it is to a pointer and to keys, and leads to the alert.
  const mark = page.getByRole("list", { name: "Alerts that fired" }).getByRole("link", { name: /^Too many calls: / });
  await expect(mark).toBeVisible();
  await expectAccessible(page);
  const told = page.locator(".marked-told");
  await expect(told).toBeHidden();
  await mark.hover();
  await expect(told).toContainText("Too many calls: 3 calls in 1h, above 1");
  await page.mouse.move(0, 0);
  await page.getByRole("region", { name: "Trend" }).getByRole("button", { name: "Score" }).focus();
  await page.keyboard.press("Tab");
  await expect(mark).toBeFocused();
  await expect(told).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/alerts\/AF[0-9a-f]{32}$/);

  const found = page.getByRole("region", { name: "What was found" });
  await expect(found).toContainText("Too many calls: 3 calls in 1h, above 1");
  await expect(found.getByText("firing", { exact: true })).toBeVisible();
  const calls = page.getByRole("region", { name: "Calls that show it" });
  await expect(calls.getByRole("row")).toHaveCount(4);
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  await page.setViewportSize({ width: 1280, height: 720 });
  await found.getByRole("link", { name: "All calls that were looked at" }).click();
  await expect(page.getByText("3 calls", { exact: true })).toBeVisible();

  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await firing.getByRole("link", { name: /^Show the calls of Too many calls/ }).click();
  await expect(page.getByText("3 calls", { exact: true })).toBeVisible();

  await page.getByRole("link", { name: "Alerts", exact: true }).click();
  await expect(page.getByRole("region", { name: "Fired" }).getByText("firing", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Resolved" }).click();
  await expect(page.getByText("None is like this.")).toBeVisible();
  await expect(page).toHaveURL(/State=resolved/);
  await page.getByRole("link", { name: "Rules", exact: true }).click();
  await page.getByRole("button", { name: "Mute Too many calls for 2 hours" }).click();
  await expect(page.getByText(/^muted until/)).toBeVisible();
  await page.getByRole("button", { name: "Unmute Too many calls" }).click();
  await expect(page.getByText(/^muted until/)).toHaveCount(0);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  await page.getByRole("link", { name: "What Too many calls found" }).click();
  await expect(page.getByText("Of one rule: Too many calls")).toBeVisible();
  await expectAccessible(page);
});
