// Views: kept by the server, shared with others, and taken over from the browser that had them.

import { call, ended, send, started, untilCalls } from "./support/events";
import type { Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

test.describe.configure({ mode: "serial" });

let server: Sidetone;
test.beforeAll(async () => {
  server = await started();
  await send(server, [...call(1, 300), ...call(2, 400, { lost: 300 })]);
  await untilCalls(server, 2);
});
test.afterAll(() => ended(server));

test("a view is kept, shared, found by a colleague, and forgotten", async ({ page }) => {
  await server.ask("/v1/Voice/People", { Name: "mira", Role: "viewer", Password: "correct horse" });
  await signIn(page, server, "/calls?Tag=high_packet_loss");
  await page.evaluate(() => localStorage.setItem("sidetone.views", JSON.stringify([{ name: "From before", query: "HasTag=true" }])));
  await page.getByRole("button", { name: "Views" }).click();
  const menu = page.getByRole("dialog", { name: "Views" });
  await menu.getByRole("button", { name: "Take over 1 view of this browser" }).click();
  await expect(menu.getByRole("button", { name: "From before", exact: true })).toBeVisible();
  await expect(menu.getByRole("button", { name: /^Take over/ })).toHaveCount(0);
  await menu.getByLabel("Name of the view").fill("Lost packets");
  await menu.getByRole("button", { name: "Keep" }).click();
  const named = page.getByRole("dialog", { name: "View: Lost packets" });
  await named.getByRole("button", { name: "Share Lost packets" }).click();
  await expect(named.getByRole("button", { name: "Shared Lost packets" })).toHaveAttribute("aria-pressed", "true");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Signed in as/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();

  await signIn(page, server, "/calls", "mira", "correct horse");
  await page.getByRole("button", { name: "Views" }).click();
  await expect(menu.getByRole("button", { name: "From before", exact: true })).toHaveCount(0);
  await expect(menu.getByRole("button", { name: "Forget Lost packets" })).toHaveCount(0);
  await menu.getByRole("button", { name: "Lost packets", exact: true }).click();
  await expect(page).toHaveURL(/Tag=high_packet_loss/);
  await expect(page.getByText("1 call", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "View: Lost packets" }).click();
  await page.getByLabel("Name of the view").fill("Mine");
  await page.getByRole("button", { name: "Keep" }).click();
  await page.getByRole("button", { name: "Forget Mine" }).click();
  await expect(page.getByRole("button", { name: "Forget Mine" })).toHaveCount(0);
});
