// The link from a call to its recording, which others keep.

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { call, ended, send, sid, started, untilCalls } from "./support/events";
import type { Sidetone } from "./support/sidetone";
import { expect, expectAccessible, signIn, test } from "./support/watch";

let recorder: Server;
let server: Sidetone;
const asked: IncomingMessage[] = [];

test.beforeAll(async () => {
  recorder = createServer((request, response) => {
    asked.push(request);
    response.setHeader("Content-Type", "text/plain");
    response.end("the sound of a call");
  });
  await new Promise<void>((resolve) => recorder.listen(0, "127.0.0.1", resolve));
  const { port } = recorder.address() as AddressInfo;
  server = await started({ SIDETONE_RECORDING_URL: `http://127.0.0.1:${port}/recordings/{CallSid}.wav` });
  await send(server, call(1, 300));
  await untilCalls(server, 1);
});
test.afterAll(async () => {
  await ended(server);
  recorder.close();
});

test("a recording opens in a tab of its own, which is told nothing of where it was linked", async ({ page }) => {
  await signIn(page, server, `/calls/${sid(1)}`);
  const link = page.getByRole("link", { name: "Recording (in a new tab)" });
  await expect(link).toHaveAttribute("rel", "noopener noreferrer");
  await expectAccessible(page);
  expect(asked).toHaveLength(0);
  const [opened] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
  await expect(opened.getByText("the sound of a call")).toBeVisible();
  expect(asked[0]?.url).toBe(`/recordings/${sid(1)}.wav`);
  expect(asked[0]?.headers.referer).toBeUndefined();
  expect(await opened.evaluate(() => window.opener === null)).toBe(true);
});

test("a viewer has no link", async ({ page }) => {
  await server.ask("/v1/Voice/People", { Name: "mira", Role: "viewer", Password: "correct horse" });
  await signIn(page, server, `/calls/${sid(1)}`, "mira", "correct horse");
  await expect(page.getByRole("region", { name: "Properties" })).toBeVisible();
  await expect(page.getByText("Recording")).toHaveCount(0);
});
