// What is not the usual day: nothing there, one call, very many, nobody answers, nobody is let in.

import { call, ended, send, sid, started, untilCalls } from "./support/events";
import { ACCOUNT, AUTH_TOKEN, type Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

test.describe("an empty installation", () => {
  test.describe.configure({ mode: "serial" });
  let server: Sidetone;
  test.beforeAll(async () => {
    server = await started();
  });
  test.afterAll(() => ended(server));

  test("refuses who is not known, in both themes readable", async ({ page, watch }) => {
    watch.allow(/401/);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${server.url}/sign-in`);
      await page.getByLabel("Name, AccountSid or key").fill("mira");
      await page.getByLabel("Password, auth token or secret").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("alert")).toContainText("do not fit together");
      await expectAccessible(page);
    }
  });

  test("says that nothing is there, and then shows the first call", async ({ page }) => {
    await signIn(page, server);
    await expect(page.getByRole("heading", { name: "No calls here" })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("link", { name: "Calls", exact: true }).click();
    await expect(page.getByRole("heading", { name: "No calls here" })).toBeVisible();
    await send(server, call(1, 300));
    await untilCalls(server, 1);
    await page.goto(`${server.url}/`);
    await expect(page.getByRole("link", { name: /^Calls: 1\./ })).toBeVisible();
    await page.getByRole("link", { name: /^Calls: 1\./ }).click();
    await expect(page.getByText("1 call", { exact: true })).toBeVisible();
    await page.getByRole("link", { name: /^Open the call/ }).click();
    await expect(page.getByText("Nothing wrong was measured")).toBeVisible();
  });

  test("tells of a call that is not there", async ({ page, watch }) => {
    watch.allow(/404/);
    await signIn(page, server, `/calls/${sid(77)}`);
    await expect(page.getByRole("heading", { name: "There is no such call" })).toBeVisible();
    await page.goto(`${server.url}/calls/elsewhere`);
    await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  });

  test("goes on where one was when the session has ended", async ({ page, context, watch }) => {
    watch.allow(/401/);
    await signIn(page, server, "/calls?CallState=fail");
    // Nothing is asked for any more.
    await expect(page.getByText("No call fits these filters")).toBeVisible();
    await context.clearCookies();
    await page.getByRole("button", { name: "Direction" }).click();
    await expect(page.getByText("Your session has ended")).toBeVisible();
    await page.getByLabel("Name, AccountSid or key").fill(ACCOUNT);
    await page.getByLabel("Password, auth token or secret").fill(AUTH_TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page).toHaveURL(/CallState=fail/);
    await expect(page.getByRole("heading", { name: "Calls", exact: true })).toBeVisible();
  });

  test("keeps what is shown while the server is gone, and goes on when it is back", async ({ page, watch }) => {
    watch.allow(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE/);
    await signIn(page, server, "/calls");
    await server.stop();
    await page.getByRole("button", { name: "Direction" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "The server does not answer" }).first()).toBeVisible();
    await page.keyboard.press("Escape");
    await server.start();
    await expect(page.getByText("it goes on by itself when the server is back")).toBeHidden({ timeout: 30_000 });
    await expect(page.getByRole("heading", { name: "Calls", exact: true })).toBeVisible();
  });
});

test("a hundred thousand calls are scrolled, filtered and counted", async ({ page, watch }) => {
  // Until what has just come is counted by column, the server refuses means of so much media (17008), and is asked again.
  watch.allow(/500 .*Statistics/);
  test.setTimeout(300_000);
  const server = await started();
  try {
    const many = 100_000;
    for (let from = 0; from < many; from += 20_000) {
      await send(server, Array.from({ length: 20_000 }, (_, i) => {
        const n = from + i;
        return { id: "1", call_sid: sid(n), at: new Date(Date.now() - 60_000 - n * 5000).toISOString(), kind: "progress", step: n % 10 === 0 ? "failed" : "completed",
          facts: { direction: "outbound_api", call_type: "carrier", from: { address: "+12025550143" }, to: { address: `+4930${1_000_000 + n}` } } };
      }));
    }
    await untilCalls(server, many);
    await signIn(page, server, "/calls?StartTime=4w");
    await expect(page.getByText("100,000 calls")).toBeVisible();
    const box = page.getByRole("region", { name: "Calls" });
    await expect
      .poll(async () => {
        await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
        return Number(await page.locator("[aria-rowindex]").last().getAttribute("aria-rowindex"));
      }, { timeout: 60_000 })
      .toBeGreaterThan(500);
    // Only what is in sight is there.
    expect(await page.locator("[aria-rowindex]").count()).toBeLessThan(80);
    await page.goto(`${server.url}/?StartTime=4w`);
    await expect(page.getByRole("link", { name: /^Calls: 100,000/ })).toBeVisible();
    await page.getByRole("region", { name: "Outcome" }).getByRole("link", { name: /Failed/ }).click();
    await expect(page.getByText("10,000 calls")).toBeVisible();
  } finally {
    await ended(server);
  }
});

test("on a phone nothing is wider than the screen", async ({ page }) => {
  const server = await started();
  try {
    await send(server, [1, 2, 3, 4].flatMap((n) => call(n, 300 + n, { lost: n * 200, carrier: n % 2 ? "Rheinfunk" : "A carrier of a very long name, Limited" })));
    await untilCalls(server, 4);
    for (const n of [1, 2, 3, 4]) await server.annotate(sid(n), { CallScore: String(n), AnsweredBy: "human", Spam: "true", Comment: `variant ${n}` });
    await page.setViewportSize({ width: 390, height: 844 });
    await signIn(page, server, "/?StartTime=1h");
    for (const [path, seen] of [["/?StartTime=1h", "What costs most calls"], ["/judgement?StartTime=1h", "Lowest scores"], [`/calls/${sid(2)}`, "Findings"], ["/alerts/rules/new", "A new rule"]] as const) {
      await page.goto(server.url + path);
      await expect(page.getByRole("heading", { name: seen })).toBeVisible();
      await expect(page.locator(".waiting")).toHaveCount(0);
      const wide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll(".scroll-x")].filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.outerHTML.slice(0, 200)));
      expect(wide, path).toEqual([]);
      await expectAccessible(page);
    }
  } finally {
    await ended(server);
  }
});
