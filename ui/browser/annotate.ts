import type { Page } from "@playwright/test";
import type { Sidetone } from "./support/sidetone";
import type { Site } from "./support/site";
import { accessible, expect, test } from "./support/test";

/** A page with the panel; what it tells is kept in `told`. */
async function open(page: Page, site: Site, sidetone: Sidetone, callSid: string, token: string, lang = "en") {
  const panel = `<sidetone-annotate call-sid="${callSid}" token="${token}" url="${sidetone.url}"></sidetone-annotate>`;
  const scripts = `<script src="/browser/support/told.js"></script><script src="/embed/sidetone-annotate.js"></script>`;
  await page.goto(site.page(`${panel}${scripts}`, lang));
}

const told = (page: Page) => page.evaluate(() => (window as never as { told: unknown[] }).told);
const status = (page: Page) => page.getByRole("status");

test("an agent says what the call was like, with the keyboard alone", async ({ page, site, sidetone }) => {
  const callSid = await sidetone.call();
  await open(page, site, sidetone, callSid, await sidetone.token(callSid, "annotate"));
  await expect(page.getByRole("group", { name: "Quality of the call" })).toBeEnabled();
  await accessible(page);

  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "2 Poor" })).toBeChecked();
  await page.getByRole("checkbox", { name: "Echo" }).focus();
  await page.keyboard.press("Space");
  await page.getByRole("textbox", { name: "Comment" }).focus();
  await page.keyboard.type("from the third minute on");
  await page.keyboard.press("Control+Enter");

  await expect(status(page)).toHaveText("Saved: Quality of the call, Sound, Comment.");
  expect(await sidetone.annotation(callSid)).toMatchObject({
    call_score: 2, quality_issues: ["echo"], comment: "from the third minute on", spam: null,
  });
  expect(await told(page)).toMatchObject([
    { type: "sidetone-saved", callSid, changed: ["call_score", "quality_issues", "comment"] },
  ]);
  await accessible(page);
});

test("what was said is shown, changed and taken back", async ({ page, site, sidetone }) => {
  const callSid = await sidetone.call();
  await sidetone.annotate(callSid, {
    AnsweredBy: "machine", ConnectivityIssue: "dropped_call", QualityIssues: "echo,owa", Spam: "true",
    CallScore: "1", Comment: "a <b>comment</b>", Incident: "INC-1",
  });
  await open(page, site, sidetone, callSid, await sidetone.token(callSid, "annotate"));
  await expect(page.getByRole("radio", { name: "1 Bad" })).toBeChecked();
  await expect(page.getByRole("radio", { name: "A machine" })).toBeChecked();
  await expect(page.getByRole("radio", { name: "Yes" })).toBeChecked();
  await expect(page.getByLabel("Connection")).toHaveValue("dropped_call");
  await expect(page.getByRole("textbox", { name: "Comment" })).toHaveValue("a <b>comment</b>");
  await expect(page.getByRole("textbox", { name: "Incident" })).toHaveValue("INC-1");

  await page.getByRole("button", { name: "Save" }).click();
  await expect(status(page)).toHaveText("Nothing has changed.");

  await page.getByRole("checkbox", { name: "No trouble" }).check();
  await expect(page.getByRole("checkbox", { name: "Echo" })).not.toBeChecked();
  await page.getByRole("group", { name: "Unwanted call" }).getByRole("radio", { name: "Not said" }).check();
  await page.getByLabel("Connection").selectOption("Not said");
  await page.getByRole("textbox", { name: "Incident" }).clear();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(status(page)).toHaveText("Saved: Connection, Sound, Unwanted call, Incident.");
  expect(await sidetone.annotation(callSid)).toMatchObject({
    call_score: 1, answered_by: "machine", connectivity_issue: null,
    quality_issues: ["no_quality_issue"], spam: null, incident: null,
  });
});

test.describe("somebody else is faster", () => {
  test("with other fields: both stay", async ({ page, site, sidetone, quiet }) => {
    quiet.expect(/412/);
    const callSid = await sidetone.call();
    await open(page, site, sidetone, callSid, await sidetone.token(callSid, "annotate"));
    await page.getByRole("radio", { name: "4 Good" }).check();
    await sidetone.annotate(callSid, { Comment: "a supervisor's" });
    await page.getByRole("button", { name: "Save" }).click();
    await expect(status(page)).toHaveText(
      "Saved: Quality of the call. Somebody else changed meanwhile: Comment.",
    );
    await expect(page.getByRole("textbox", { name: "Comment" })).toHaveValue("a supervisor's");
    expect(await sidetone.annotation(callSid)).toMatchObject({ call_score: 4, comment: "a supervisor's" });
  });

  for (const [button, score] of [["Keep mine", 4], ["Take theirs", 1]] as const) {
    test(`with the same field: ${button}`, async ({ page, site, sidetone, quiet }) => {
      quiet.expect(/412/);
      const callSid = await sidetone.call();
      await open(page, site, sidetone, callSid, await sidetone.token(callSid, "annotate"));
      await page.getByRole("radio", { name: "4 Good" }).check();
      await sidetone.annotate(callSid, { CallScore: "1" });
      await page.getByRole("button", { name: "Save" }).click();
      const conflict = page.getByText("Somebody else was faster. They said:");
      await expect(conflict).toBeFocused();
      await expect(page.getByRole("listitem")).toHaveText("Quality of the call: 1 Bad");
      expect(await sidetone.annotation(callSid)).toMatchObject({ call_score: 1 });
      await accessible(page);
      await page.getByRole("button", { name: button }).click();
      await expect(conflict).toBeHidden();
      await expect(page.getByRole("radio", { name: score === 4 ? "4 Good" : "1 Bad" })).toBeChecked();
      await expect.poll(() => sidetone.annotation(callSid)).toMatchObject({ call_score: score });
      expect(await told(page)).toContainEqual(expect.objectContaining({ reason: "conflict", callSid }));
    });
  }
});

test("a text that is too long is not sent", async ({ page, site, sidetone }) => {
  const callSid = await sidetone.call();
  await open(page, site, sidetone, callSid, await sidetone.token(callSid, "annotate"));
  const comment = page.getByRole("textbox", { name: "Comment" });
  await comment.fill("🙂".repeat(99));
  await expect(page.getByText("1 character left")).toBeVisible();
  await comment.fill("🙂".repeat(102));
  await expect(page.getByText("2 characters too many")).toBeVisible();
  await expect(comment).toHaveAttribute("aria-invalid", "true");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(status(page)).toHaveText("A text is too long.");
  await accessible(page);
  expect(await sidetone.annotation(callSid)).toMatchObject({ comment: null });
});

test("the next call: what was not saved of the one before is saved", async ({ page, site, sidetone }) => {
  const [first, second] = [await sidetone.call(), await sidetone.call()];
  await open(page, site, sidetone, first, await sidetone.token(first, "annotate"));
  await page.getByRole("radio", { name: "5 Excellent" }).check();
  const token = await sidetone.token(second, "annotate");
  await page.locator("sidetone-annotate").evaluate(
    (panel, [callSid, token]) => {
      panel.setAttribute("call-sid", callSid);
      panel.setAttribute("token", token);
    },
    [second, token] as const,
  );
  await expect(page.getByRole("radio", { name: "5 Excellent" })).not.toBeChecked();
  await expect.poll(() => sidetone.annotation(first)).toMatchObject({ call_score: 5 });
  expect(await sidetone.annotation(second)).toMatchObject({ call_score: null });
});

test("a call that the server does not know", async ({ page, site, sidetone, quiet }) => {
  quiet.expect(/404/);
  const known = await sidetone.call();
  const callSid = "CA00000000000000000000000000000000";
  await open(page, site, sidetone, known, await sidetone.token(known, "annotate"));
  const token = await sidetone.token(callSid, "annotate");
  await page.locator("sidetone-annotate").evaluate(
    (panel, [callSid, token]) => {
      panel.setAttribute("call-sid", callSid);
      panel.setAttribute("token", token);
    },
    [callSid, token] as const,
  );
  await expect(status(page)).toHaveText("The server does not know this call yet.");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  await accessible(page);
});

test("access that has expired: what was said stays, and is saved with the next token", async ({
  page,
  site,
  sidetone,
  quiet,
}) => {
  quiet.expect(/401/);
  const callSid = await sidetone.call();
  await open(page, site, sidetone, callSid, "expired");
  await expect(status(page)).toHaveText("Access has expired. Your changes are kept here.");
  const token = await sidetone.token(callSid, "annotate");
  const set = (token: string) =>
    page.locator("sidetone-annotate").evaluate((panel, token) => panel.setAttribute("token", token), token);
  await set(token);
  await page.getByRole("radio", { name: "4 Good" }).check();
  await set("expired");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(status(page)).toHaveText("Access has expired. Your changes are kept here.");
  expect(await told(page)).toContainEqual(expect.objectContaining({ reason: "token", status: 401 }));
  await set(token);
  await expect.poll(() => sidetone.annotation(callSid)).toMatchObject({ call_score: 4 });
});

test("the server goes and comes back", async ({ page, site, sidetone, quiet }) => {
  quiet.expect(/ERR_CONNECTION_REFUSED/);
  const callSid = await sidetone.call();
  await open(page, site, sidetone, callSid, await sidetone.token(callSid, "annotate"));
  await page.getByRole("radio", { name: "3 Fair" }).check();
  await sidetone.stop();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(status(page)).toHaveText("The server cannot be reached. Your changes are kept here.");
  await sidetone.start();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(status(page)).toHaveText("Saved: Quality of the call.");
  expect(await sidetone.annotation(callSid)).toMatchObject({ call_score: 3 });
});

test("it takes colors, scheme and shapes of its page", async ({ page, site, sidetone }) => {
  const callSid = await sidetone.call();
  await open(page, site, sidetone, callSid, await sidetone.token(callSid, "annotate"));
  await page.addStyleTag({ url: "/browser/support/theme.css" });
  await page.getByRole("radio", { name: "3 Fair" }).check();
  await expect(page.getByText("3 Fair")).toHaveCSS("background-color", "rgb(200, 230, 120)");
  await expect(page.getByText("3 Fair")).toHaveCSS("color", "rgb(0, 0, 0)");
  await expect(page.getByRole("textbox", { name: "Comment" })).toHaveCSS("background-color", "rgb(31, 31, 31)");
  await expect(page.getByRole("button", { name: "Save" })).toHaveCSS("border-radius", "0px");
  await accessible(page);
});

test("it speaks the language of its page, and is written its way", async ({ page, site, sidetone }) => {
  const callSid = await sidetone.call();
  const token = await sidetone.token(callSid, "annotate");
  for (const [lang, save] of [
    ["de-AT", "Speichern"],
    ["es", "Guardar"],
    ["fr", "Enregistrer"],
    ["pt-BR", "Guardar"],
    ["ar", "Save"],
  ] as const) {
    await open(page, site, sidetone, callSid, token, lang);
    await expect(page.getByRole("button", { name: save })).toBeVisible();
    await expect(page.locator("form")).toHaveAttribute("dir", "ltr");
  }
  await accessible(page);
});
