// A day at work: find a bad call, judge it, judge many, follow those that run.

import { call, ended, send, sid, started, untilCalls } from "./support/events";
import type { Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

// Each test goes on from what those before it did.
test.describe.configure({ mode: "serial" });

let server: Sidetone;

test.beforeAll(async () => {
  server = await started();
  const calls = [];
  for (let n = 1; n <= 30; n++) calls.push(...call(n, 1000 + n * 100, n % 5 === 0 ? { lost: 300, carrier: "Coolibah Mobile" } : {}));
  await send(server, calls);
  await untilCalls(server, 30);
});
test.afterAll(() => ended(server));

test("from the overview to a bad call in three clicks, judged, and found again", async ({ page }) => {
  await signIn(page, server);
  await expect(page.getByRole("link", { name: /^Calls: 30/ })).toBeVisible();
  await expectAccessible(page);
  // One: the finding. Two: the call.
  await page.getByRole("region", { name: "Findings" }).getByRole("link", { name: /High packet loss/ }).click();
  await expect(page.getByText("6 calls")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: /^Open the call/ }).first().click();
  await expect(page.getByText(/heard the callee badly|heard the caller badly/)).toBeVisible();
  await expect(page.getByText("10.0 % of packets lost").first()).toBeVisible();
  const found = page.getByRole("region", { name: "Findings" }).getByRole("row", { name: /High packet loss/ });
  await expect(found.getByRole("cell")).toHaveText(["Carrier edge, inbound", "10.0 % of packets lost", "more than 5 %"]);
  await expectAccessible(page);

  const judge = page.getByRole("region", { name: "Annotation" });
  await judge.getByRole("button", { name: "2 Poor" }).click();
  await judge.getByRole("checkbox", { name: "Choppy or robotic" }).check();
  await judge.getByLabel("Comment").fill("cut out twice");
  await judge.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await judge.getByText("History").click();
  await expect(judge.getByText("Score: 2 (Poor)")).toBeVisible();

  await page.getByRole("link", { name: "Calls", exact: true }).first().click();
  await page.getByRole("button", { name: "Score", exact: true }).click();
  await page.getByRole("checkbox", { name: /2 Poor/ }).click();
  await expect(page.getByText("1 call", { exact: true })).toBeVisible();
  await expect(page).toHaveURL(/CallScoreAnnotation=2/);
  // The values stay open: more than one can be chosen.
  await page.getByRole("checkbox", { name: /2 Poor/ }).click();
  await expect(page.getByText("30 calls")).toBeVisible();
  await page.getByRole("checkbox", { name: /2 Poor/ }).click();
  await page.keyboard.press("Escape");
  await expect(page.getByText("1 call", { exact: true })).toBeVisible();

  await page.getByRole("link", { name: "Judgement" }).click();
  await expect(page.getByText("Lowest scores")).toBeVisible();
  await expect(page.getByRole("region", { name: "Spam" })).toBeVisible();
  await expectAccessible(page);
});

test("a conflict is told, and mine goes on top of theirs", async ({ page, watch }) => {
  watch.allow(/412/);
  await signIn(page, server, `/calls/${sid(10)}`);
  const judge = page.getByRole("region", { name: "Annotation" });
  await judge.getByRole("button", { name: "1 Bad" }).click();
  await server.annotate(sid(10), { Comment: "theirs" });
  await judge.getByRole("button", { name: "Save" }).click();
  await expect(judge.getByText(/Somebody changed this meanwhile: comment is now theirs/)).toBeVisible();
  await judge.getByRole("button", { name: "Save mine on top" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  expect(await server.annotation(sid(10))).toMatchObject({ call_score: 1, comment: "theirs" });
});

test("many are annotated at once, and back, by keyboard", async ({ page }) => {
  const incidents = async () => (await server.json<{ call_summaries: unknown[] }>("/v1/Voice/Summaries?StartTime=4w&ProcessingState=all&Incident=INC-7")).call_summaries.length;
  await signIn(page, server, "/calls");
  await expect(page.getByText("30 calls")).toBeVisible();
  for (const key of ["j", "x", "j", "x", "j", "x"]) await page.keyboard.press(key);
  await expect(page.getByText("3 selected")).toBeVisible();
  await page.keyboard.press("a");
  const dialog = page.getByRole("dialog", { name: "Annotate 3 calls" });
  await dialog.getByLabel("Incident").fill("INC-7");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Annotate 3 calls" }).click();
  await expect(page.getByText("3 calls annotated.")).toBeVisible();
  expect(await incidents()).toBe(3);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("3 calls as before.")).toBeVisible();
  expect(await incidents()).toBe(0);
});

test("search, help and the address say the same as the filters", async ({ page, watch }) => {
  await signIn(page, server);
  // Keys are listened to from the frame on that follows what is seen.
  await expect(async () => {
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("+49301000007");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/^1 call for/)).toBeVisible();
  await page.goto(`${server.url}/calls?Tag=!high_packet_loss`);
  await expect(page.getByText("24 calls")).toBeVisible();
  await expect(page.getByRole("button", { name: "Tag: not High packet loss", exact: true })).toBeVisible();
  // An error of the API, in its own words.
  watch.allow(/400/);
  await page.goto(`${server.url}/calls?MinPdd=soon`);
  await expect(page.getByRole("alert")).toContainText("Invalid MinPdd 'soon'");
});

test("a call that begins is seen while it runs", async ({ page }) => {
  await signIn(page, server, "/calls?ProcessingState=all&live=on");
  await expect(page.getByRole("button", { name: "Live" })).toBeVisible();
  await send(server, call(900, 3, { isRunning: true, carrier: "Running Telecom" }), false);
  await expect(page.getByText("Running Telecom")).toBeVisible();
  await expect(page.getByText("Talking").first()).toBeVisible();
});
