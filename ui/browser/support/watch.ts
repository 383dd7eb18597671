// A browser that is looked over the shoulder: no error in its console, no request to elsewhere.

import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type Page } from "@playwright/test";

import { ACCOUNT, AUTH_TOKEN, type Sidetone } from "./sidetone";

export interface Watch {
  /** What a test does on purpose may be told in the console. */
  allow: (pattern: RegExp) => void;
}

export const test = base.extend<{ watch: Watch }>({
  watch: [
    async ({ page }, use) => {
      const allowed: RegExp[] = [];
      const troubles: string[] = [];
      const origins = new Set<string>();
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") troubles.push(`${message.text()} (${message.location().url})`);
      });
      page.on("pageerror", (error) => troubles.push(String(error.stack ?? error)));
      page.on("request", (request) => {
        const { protocol, origin } = new URL(request.url());
        if (protocol.startsWith("http")) origins.add(origin);
      });
      await use({ allow: (pattern) => allowed.push(pattern) });
      expect(troubles.filter((it) => !allowed.some((pattern) => pattern.test(it)))).toEqual([]);
      expect([...origins].filter((it) => !it.startsWith("http://127.0.0.1:"))).toEqual([]);
      expect(origins.size).toBeLessThanOrEqual(1);
    },
    { auto: true },
  ],
});

export { expect };

export async function signIn(page: Page, sidetone: Sidetone, to = "/", user = ACCOUNT, password = AUTH_TOKEN): Promise<void> {
  await page.goto(sidetone.url + to);
  await page.getByLabel("Name, AccountSid or key").fill(user);
  await page.getByLabel("Password, auth token or secret").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Screens" })).toBeVisible();
}

/** Nothing that hinders anybody, by the rules of WCAG 2.2 A and AA. */
export async function expectAccessible(page: Page): Promise<void> {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  expect(found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`)).toEqual([]);
}
