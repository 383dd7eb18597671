import type { BrowserContext, Page } from "@playwright/test";
import type { Sidetone } from "./support/sidetone";
import type { Site } from "./support/site";
import { accessible, expect, test } from "./support/test";

interface Asked {
  callSid: string;
  token: string;
  attributes?: string | undefined;
  lang?: string;
}

async function open(page: Page, site: Site, sidetone: Sidetone, asked: Asked) {
  const { callSid, token, attributes = "", lang = "en" } = asked;
  const widget = `<sidetone-rate call-sid="${callSid}" token="${token}" url="${sidetone.url}" ${attributes}></sidetone-rate>`;
  const scripts = `<script src="/browser/support/told.js"></script><script type="module" src="/embed/sidetone-rate.js"></script>`;
  await page.goto(site.page(`${widget}${scripts}`, lang));
}

const told = (page: Page) => page.evaluate(() => (window as never as { told: { type: string }[] }).told);
const score = (page: Page, name: RegExp) => page.getByRole("radio", { name });
const send = (page: Page) => page.getByRole("button", { name: "Send" });
const offline = (context: BrowserContext, is: boolean) => context.setOffline(is);

test("a caller who is content is asked one thing", async ({ page, site, sidetone }) => {
  const callSid = await sidetone.call();
  await open(page, site, sidetone, { callSid, token: await sidetone.token(callSid, "rate") });
  await expect(page.getByRole("group", { name: "How was the call?" })).toBeVisible();
  await accessible(page);
  await score(page, /5/).check();
  await expect(page.getByRole("group", { name: "What was wrong?" })).toBeHidden();
  await send(page).click();
  await expect(page.getByRole("status")).toHaveText("Thank you for your rating.");
  await expect(page.getByRole("status")).toBeFocused();
  expect(await sidetone.feedback(callSid)).toMatchObject({ quality_score: 5, issues: [] });
  expect(await told(page)).toEqual([
    { type: "sidetone-rated", callSid, score: 5, issues: [] },
    { type: "sidetone-saved", callSid, score: 5, issues: [] },
  ]);
  await accessible(page);

  await page.reload();
  await expect.poll(() => told(page)).toEqual([{ type: "sidetone-skipped", callSid, reason: "rated" }]);
  await expect(score(page, /5/)).toHaveCount(0);
});

test("one who is not is asked why, with the keyboard alone, and may change it", async ({ page, site, sidetone }) => {
  const callSid = await sidetone.call();
  await open(page, site, sidetone, { callSid, token: await sidetone.token(callSid, "rate") });
  await expect(score(page, /1/)).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await accessible(page);
  await page.keyboard.press("Enter");
  await expect.poll(() => sidetone.feedback(callSid)).toMatchObject({
    quality_score: 2, issues: ["imperfect-audio"],
  });

  await page.getByRole("button", { name: "Change" }).click();
  await expect(score(page, /2/)).toBeFocused();
  await score(page, /4/).check();
  await send(page).click();
  await expect.poll(() => sidetone.feedback(callSid)).toMatchObject({ quality_score: 4, issues: [] });
});

test("offline a rating is kept, and arrives", async ({ page, context, site, sidetone, quiet }) => {
  quiet.expect(/ERR_INTERNET_DISCONNECTED/);
  const callSid = await sidetone.call();
  const token = await sidetone.token(callSid, "rate");
  await open(page, site, sidetone, { callSid, token });
  await expect(score(page, /1/)).toBeVisible();
  await offline(context, true);
  await score(page, /1/).check();
  await send(page).click();
  await expect(page.getByRole("status")).toHaveText(/^Thank you\. Your rating is kept here/);
  await expect.poll(() => told(page)).toContainEqual(
    expect.objectContaining({ type: "sidetone-error", reason: "unreachable" }),
  );
  expect(await sidetone.feedback(callSid)).toBeNull();

  await offline(context, false);
  await expect.poll(() => sidetone.feedback(callSid)).toMatchObject({ quality_score: 1 });
  await expect(page.getByRole("status")).toHaveText("Thank you for your rating.");
});

test("a rating of a page that was closed while the server was away is sent by the next page", async ({
  context,
  site,
  sidetone,
  quiet,
}) => {
  quiet.expect(/ERR_CONNECTION_REFUSED/);
  const [first, second] = [await sidetone.call(), await sidetone.call()];
  const tokens = [await sidetone.token(first, "rate"), await sidetone.token(second, "rate")] as const;
  const next = await context.newPage();
  const page = await context.newPage();
  await open(page, site, sidetone, { callSid: first, token: tokens[0] });
  await sidetone.stop();
  await score(page, /3/).check();
  const closed = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await closed;
  await sidetone.start();
  expect(await sidetone.feedback(first)).toBeNull();

  await open(next, site, sidetone, { callSid: second, token: tokens[1] });
  await expect.poll(() => sidetone.feedback(first)).toMatchObject({ quality_score: 3 });
  expect(await sidetone.feedback(second)).toBeNull();
});

test("a score that nobody sends counts when the page goes on to the next call", async ({ page, site, sidetone }) => {
  const [first, second] = [await sidetone.call(), await sidetone.call()];
  await open(page, site, sidetone, { callSid: first, token: await sidetone.token(first, "rate") });
  await score(page, /2/).check();
  const token = await sidetone.token(second, "rate");
  await page.locator("sidetone-rate").evaluate(
    (widget, [callSid, token]) => {
      widget.setAttribute("call-sid", callSid);
      widget.setAttribute("token", token);
    },
    [second, token] as const,
  );
  await expect.poll(() => sidetone.feedback(first)).toMatchObject({ quality_score: 2 });
  await expect(score(page, /2/)).not.toBeChecked();
});

test("who does not want to is left alone for longer each time", async ({ page, site, sidetone }) => {
  const [first, second] = [await sidetone.call(), await sidetone.call()];
  const attributes = `throttle="7d"`;
  await open(page, site, sidetone, { callSid: first, token: await sidetone.token(first, "rate"), attributes });
  await page.getByRole("button", { name: "Not now" }).click();
  await expect(score(page, /1/)).toHaveCount(0);
  await open(page, site, sidetone, { callSid: second, token: await sidetone.token(second, "rate"), attributes });
  await expect.poll(() => told(page)).toEqual([
    { type: "sidetone-skipped", callSid: second, reason: "asked-lately" },
  ]);
  expect(await sidetone.feedback(first)).toBeNull();
});

for (const [attributes, reason] of [
  [`min-duration="20" duration="12"`, "too-short"],
  [`sample="0"`, "not-sampled"],
]) {
  test(`nobody is asked: ${reason}`, async ({ page, site, sidetone }) => {
    const callSid = await sidetone.call();
    await open(page, site, sidetone, { callSid, token: await sidetone.token(callSid, "rate"), attributes });
    await expect.poll(() => told(page)).toEqual([{ type: "sidetone-skipped", callSid, reason }]);
  });
}

test("it speaks the language of its page", async ({ page, site, sidetone }) => {
  const callSid = await sidetone.call();
  const token = await sidetone.token(callSid, "rate");
  for (const [lang, question] of [
    ["de", "Wie war der Anruf?"],
    ["es-MX", "¿Qué tal la llamada?"],
    ["fr-CA", "Comment était l’appel ?"],
    ["pt", "Como foi a chamada?"],
  ] as const) {
    await open(page, site, sidetone, { callSid, token, lang });
    await expect(page.getByRole("group", { name: question })).toBeVisible();
  }
});
