// Signing in through a company's provider of identities (OpenID Connect): a certified one.

import type { Page } from "@playwright/test";

import { Company } from "./support/provider";
import { expect, test } from "./support/test";
import { expectAccessible, signIn } from "./support/watch";

test.describe.configure({ mode: "serial" });

let company: Company;
test.beforeAll(async () => {
  company = await Company.open();
});
test.afterAll(() => company.close());

const screens = (page: Page) => page.getByRole("navigation", { name: "Screens" });

/** Goes to the provider from where one wants to be, and comes back from it. */
async function signInThere(page: Page, account: string | null, from = "/"): Promise<void> {
  await page.goto(company.sidetone.url + from);
  await page.getByRole("link", { name: "Acme account" }).click();
  await expect(page.getByRole("heading", { name: "Acme" })).toBeVisible();
  if (account === null) return page.getByRole("button", { name: "Cancel" }).click();
  await page.getByLabel("Account").fill(account);
  await page.getByRole("button", { name: "Continue" }).click();
}

test("an admin of the company signs in, and is where she wanted to be", async ({ page }) => {
  await page.goto(`${company.sidetone.url}/setup/people`);
  await expect(page.getByRole("link", { name: "Acme account" })).toBeVisible();
  await expectAccessible(page);
  await signInThere(page, "olga", "/setup/people");
  await expect(page).toHaveURL(`${company.sidetone.url}/setup/people`);
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /olga/ }) });
  await expect(row.getByText("provider", { exact: true })).toBeVisible();
  await expect(row.getByRole("combobox")).toHaveValue("admin");
  await expectAccessible(page);
  await page.reload();
  await expect(page.getByRole("button", { name: "Signed in as olga" })).toBeVisible();
});

test("she is where she wanted to be, whatever another page does meanwhile", async ({ page, context }) => {
  await page.goto(`${company.sidetone.url}/setup/people`);
  await page.getByRole("link", { name: "Acme account" }).click();
  await expect(page.getByRole("heading", { name: "Acme" })).toBeVisible();
  const other = await context.newPage();
  await signIn(other, company.sidetone);
  await other.reload();
  await expect(screens(other)).toBeVisible();
  await page.getByLabel("Account").fill("olga");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page).toHaveURL(`${company.sidetone.url}/setup/people`);
});

test("a viewer looks and no more", async ({ page }) => {
  await signInThere(page, "vera");
  await expect(screens(page)).toBeVisible();
  await page.getByRole("button", { name: "Signed in as vera" }).click();
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Change your password" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("link", { name: "Set-up" })).toHaveCount(0);
});

test("who has no role, or was disabled here, is told so and stays out", async ({ page, context }) => {
  await signInThere(page, "emil");
  await expect(page.getByRole("alert")).toContainText("no access to Sidetone");
  await expectAccessible(page);
  await expect(screens(page)).toHaveCount(0);
  await context.clearCookies();
  const disabled = await company.sidetone.ask("/v1/Voice/People/vera", { Disabled: "true" });
  expect(disabled.status).toBe(200);
  await signInThere(page, "vera");
  await expect(page.getByRole("alert")).toContainText("may not sign in here any more");
});

test("a sign-in that was broken off, or was not begun here, is none", async ({ page }) => {
  await signInThere(page, null);
  await expect(page.getByRole("alert")).toContainText("You did not sign in there");
  await page.goto(`${company.sidetone.url}/session/oidc/callback?code=stolen&state=foreign`);
  await expect(page.getByRole("alert")).toContainText("Try again");
  await expect(screens(page)).toHaveCount(0);
});

test("while the provider is away, passwords go on", async ({ page }) => {
  await company.stopProvider();
  await company.sidetone.stop();
  await company.sidetone.start();
  await page.goto(company.sidetone.url);
  await page.getByRole("link", { name: "Acme account" }).click();
  await expect(page.getByRole("alert")).toContainText("does not answer");
  await signIn(page, company.sidetone);
  await expect(screens(page)).toBeVisible();
});
