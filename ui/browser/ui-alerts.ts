// What rules find is told where people look.

import { call, ended, send, started, untilCalls } from "./support/events";
import type { Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

let server: Sidetone;
test.beforeAll(async () => {
  server = await started();
});
test.afterAll(() => ended(server));

test("an alert that fires is on the overview, leads to its calls, and its rule is muted", async ({ page }) => {
  await signIn(page, server, "/alerts");
  await expect(page.getByText("No rule has been broken.")).toBeVisible();
  await expect(page.getByText("None yet:", { exact: false })).toBeVisible();
  await expectAccessible(page);

  const made = await server.ask("/v1/Voice/Alerts/Rules", { Name: "Too many calls", Measure: "calls", Above: "1", Window: "1h", Severity: "error" });
  expect(made.status).toBe(201);
  for (const n of [1, 2, 3]) await send(server, call(n, 100 + n));
  await untilCalls(server, 3);
  await page.goto(server.url);
  const firing = page.getByRole("region", { name: "Firing alerts" });
  await expect(firing).toContainText("Too many calls: ", { timeout: 60_000 });
  await expectAccessible(page);
  await firing.getByRole("link", { name: "Show the calls" }).click();
  await expect(page.getByText("3 calls", { exact: true })).toBeVisible();

  await page.getByRole("link", { name: "Alerts", exact: true }).click();
  await expect(page.getByRole("region", { name: "Alerts" }).getByText("firing", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Resolved" }).click();
  await expect(page.getByText("None is in this state.")).toBeVisible();
  await expect(page).toHaveURL(/state=resolved/);
  await page.getByRole("button", { name: "Mute Too many calls for 2 hours" }).click();
  await expect(page.getByText(/^muted until/)).toBeVisible();
  await page.getByRole("button", { name: "Unmute Too many calls" }).click();
  await expect(page.getByText(/^muted until/)).toHaveCount(0);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
});
