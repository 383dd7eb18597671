import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";
import { Sidetone } from "./sidetone";
import { Site } from "./site";

export { expect } from "@playwright/test";

interface Fixtures {
  /** Fails the test when a page logs an error that it does not expect, or breaks its policy. */
  quiet: { expect: (error: RegExp) => void };
}

interface Running {
  sidetone: Sidetone;
  site: Site;
}

export const test = base.extend<Fixtures, Running>({
  sidetone: [
    async ({}, use) => {
      const sidetone = new Sidetone();
      await sidetone.start();
      await use(sidetone);
      await sidetone.stop();
      sidetone.remove();
    },
    { scope: "worker" },
  ],
  site: [
    async ({ sidetone }, use) => {
      const site = new Site();
      await site.start(sidetone.url);
      await use(site);
      site.stop();
    },
    { scope: "worker" },
  ],
  quiet: [
    async ({ context }, use) => {
      const errors: string[] = [];
      const expected: RegExp[] = [];
      context.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      context.on("weberror", (error) => errors.push(String(error.error())));
      await use({ expect: (error) => expected.push(error) });
      const isExpected = (error: string) => expected.some((one) => one.test(error));
      expect(errors.filter((error) => !isExpected(error))).toEqual([]);
    },
    { auto: true },
  ],
});

/** No finding of axe at all. */
export async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  expect(found).toEqual([]);
}
