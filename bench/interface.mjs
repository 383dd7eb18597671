// How long the web interface takes in Chromium: until a screen shows what it is there for, each time
// in a browser without a cache, and until the list shows other calls after a filter is chosen.
//
//   node bench/interface.mjs URL ACCOUNT TOKEN ROUNDS
//
// Prints a line for each: median and longest in ms, and what it is.

import { createRequire } from "node:module";

const { chromium } = createRequire(new URL("../ui/package.json", import.meta.url))("@playwright/test");
const [url, account, token, rounds] = process.argv.slice(2);
const TIMES = [["of a week", ""], ["of all time", "?StartTime=60w"]];
const MOST_MS = 60_000;

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const times = new Map();
const note = (what, ms) => times.set(what, [...(times.get(what) ?? []), ms]);

/** A page of somebody who is signed in, and has been nowhere yet. */
async function signedIn() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(MOST_MS);
  const answer = await context.request.post(`${url}/session`, { data: { user: account, password: token } });
  if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
  // What the interface remembers beside the cookie.
  await context.addInitScript(() => localStorage.setItem("sidetone.signed-in", "yes"));
  return [context, await context.newPage()];
}

/** How long it took, since one began to go there, until something is seen, by the page's own clock. */
const until = (page, selector) => page.evaluate((selector) => new Promise((done) => {
  const look = () => (document.querySelector(selector) ? done(performance.now()) : requestAnimationFrame(look));
  look();
}), selector);

/** How long after a choice the list tells another number of calls. */
const after = (box) => box.evaluate((input) => new Promise((done) => {
  const total = () => document.querySelector("p.total")?.textContent ?? "";
  const [begin, before] = [performance.now(), total()];
  const look = () => (total() !== "" && total() !== before ? done(performance.now() - begin) : requestAnimationFrame(look));
  input.click();
  look();
}));

for (let round = 0; round < Number(rounds); round++) {
  for (const [name, query] of TIMES) {
    let [context, page] = await signedIn();
    await page.goto(`${url}/${query}`, { waitUntil: "commit" });
    note(`overview ${name}`, await until(page, 'a[aria-label^="Calls: "]'));
    await context.close();

    [context, page] = await signedIn();
    await page.goto(`${url}/calls${query}`, { waitUntil: "commit" });
    note(`list ${name}`, await until(page, "a.row-link"));
    await page.getByRole("button", { name: "Carrier, called", exact: true }).click();
    for (const place of [0, 1]) {
      const box = page.locator(".values input").nth(place);
      await box.waitFor();
      note(`list, another filter, ${name}`, await after(box));
    }
    await context.close();
  }
}
await browser.close();
for (const [what, all] of times) {
  const sorted = all.toSorted((one, other) => one - other);
  const [middle, longest] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  console.log(`${Math.round(middle)}\t${Math.round(longest)}\t${what}`);
}
