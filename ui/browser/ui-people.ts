// Who may see and do what.

import type { Locator, Page } from "@playwright/test";

import { call, ended, send, sid, started, untilCalls } from "./support/events";
import type { Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

test.describe.configure({ mode: "serial" });

let server: Sidetone;
test.beforeAll(async () => {
  server = await started();
  await send(server, call(1, 300));
  await untilCalls(server, 1);
});
test.afterAll(() => ended(server));

test("an administrator adds a viewer, who sees no numbers and changes nothing", async ({ page }) => {
  await signIn(page, server, "/setup/people");
  await page.getByRole("button", { name: "Add a person" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a person" });
  await dialog.getByLabel("Name").fill("mira");
  await dialog.getByLabel("Role").selectOption("viewer");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const told = page.getByRole("dialog", { name: "The password of mira" });
  const password = await told.locator("pre").innerText();
  await told.getByRole("button", { name: "I have passed it on" }).click();
  await expect(page.getByRole("rowheader", { name: "mira" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Audit log" }).click();
  await expect(page.getByRole("cell", { name: "person-created" })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: /^Signed in as/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, server, "/calls", "mira", password);
  await expect(page.getByText("1 call", { exact: true })).toBeVisible();
  await expect(page.getByText("+12025550143")).toHaveCount(0);
  await expect(page.getByText("•").first()).toBeVisible();
  await expect(page.getByRole("checkbox")).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Set-up" })).toHaveCount(0);
  await page.getByRole("link", { name: /^Open the call/ }).click();
  await expect(page.getByText("Nothing wrong was measured")).toBeVisible();
  await expect(page.getByText("Nobody has said anything about this call.")).toBeVisible();
  await page.goto(`${server.url}/setup`);
  await expect(page.getByRole("heading", { name: "For administrators" })).toBeVisible();
});

test("on a phone all that can be done with a person is within reach", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(page, server, "/setup/people");
  for (const name of ["New password", "Disable"]) await expect(page.getByRole("button", { name }).first()).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole("link", { name: "People" })).toBeInViewport({ ratio: 1 });
  await expectAccessible(page);
  await page.goto(`${server.url}/calls`);
  await expect(page.getByRole("link", { name: /^Open the call/ })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});

test("a person changes their password", async ({ page, browser, watch }) => {
  watch.allow(/400/);
  await server.ask("/v1/Voice/People", { Name: "jo", Role: "annotator", Password: "correct horse" });
  const elsewhere = await browser.newPage();
  await signIn(elsewhere, server, "/calls", "jo", "correct horse");
  await signIn(page, server, "/calls", "jo", "correct horse");
  const open = async (page: Page) => {
    await page.getByRole("button", { name: "Signed in as jo" }).click();
    await page.getByRole("button", { name: "Change your password" }).click();
    return page.getByRole("dialog", { name: "Change your password" });
  };
  const fillIn = async (dialog: Locator, current: string, next: string, again: string) => {
    await dialog.getByLabel("Current password").fill(current);
    await dialog.getByLabel("New password, of 10 characters or more").fill(next);
    await dialog.getByLabel("New password again").fill(again);
    await dialog.getByRole("button", { name: "Change it" }).click();
  };
  const dialog = await open(page);
  const fill = (current: string, next: string, again: string) => fillIn(dialog, current, next, again);
  const there = await open(elsewhere);
  await fill("correct horse", "battery staple", "battery stable");
  await expect(dialog.getByRole("alert")).toHaveText("The new password and its repetition differ.");
  await fill("incorrect horse", "battery staple", "battery staple");
  await expect(dialog.getByRole("alert")).toHaveText("That is not your current password.");
  await expectAccessible(page);
  await fill("correct horse", "battery staple", "battery staple");
  await expect(page.getByText("Your password is changed.")).toBeVisible();
  await page.reload();
  await expect(page.getByText("1 call", { exact: true })).toBeVisible();
  // Whose session has ended meanwhile is told that, and not that the password is wrong.
  await fillIn(there, "battery staple", "correct horses", "correct horses");
  await expect(elsewhere.getByText("Your session has ended.")).toBeVisible();
  await expect(elsewhere.getByRole("button", { name: "Sign in" })).toBeVisible();
  await elsewhere.close();
});

test("a call is erased for good", async ({ page, watch }) => {
  watch.allow(/404/);
  await send(server, call(2, 200));
  await untilCalls(server, 2);
  await signIn(page, server, "/setup/erasure");
  await page.getByLabel("CallSid").fill(sid(2));
  await page.getByRole("checkbox").check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Erase the call" }).click();
  await expect(page.getByText(/^Erased: the call/)).toBeVisible();
  await page.goto(`${server.url}/calls/${sid(2)}`);
  await expect(page.getByRole("heading", { name: "This call is gone" })).toBeVisible();
});
