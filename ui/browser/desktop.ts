import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ACCOUNT, AUTH_TOKEN, type Sidetone } from "./support/sidetone";
import { accessible, expect, test } from "./support/test";

const example = fileURLToPath(new URL("../../examples/agent-desktop/server.mjs", import.meta.url));

/** The example's backend, and where its page is. */
async function start(sidetone: Sidetone): Promise<[string, ChildProcess]> {
  const backend = spawn(process.execPath, [example], {
    env: {
      ...process.env,
      SIDETONE_URL: sidetone.url,
      SIDETONE_ACCOUNT_SID: ACCOUNT,
      SIDETONE_AUTH_TOKEN: AUTH_TOKEN,
      PORT: "0",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve) =>
    backend.stdout.on("data", (chunk) => resolve(/http:\S+/.exec(String(chunk))?.[0] ?? "")),
  );
  return [url, backend];
}

test("an agent calls, says what it was like while it runs, and hangs up", async ({ page, sidetone }) => {
  const [url, backend] = await start(sidetone);
  await page.goto(url);
  await accessible(page);
  await page.getByRole("button", { name: "Call" }).click();
  await expect(page.getByText("In a call with +12025550176")).toBeVisible();
  await expect(page.getByText(/^(excellent|great) \(4\.\d\)$/)).toBeVisible();
  await page.getByRole("radio", { name: "4 Good" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved: Quality of the call.")).toBeVisible();
  await page.getByRole("button", { name: "Mute" }).click();
  await accessible(page);
  await page.getByRole("button", { name: "Hang up" }).click();
  await expect(page.getByText("Ready")).toBeVisible();

  const recent = page.getByRole("listitem").getByRole("button");
  await expect(recent).toHaveText(/^\+12025550176, .* ✓$/);
  const callSid = (await recent.getAttribute("data-call-sid")) ?? "";
  interface Summary {
    call_state: string;
    annotation: { call_score: number };
    sdk_edge: { metrics: { inbound: { packets_received: number } } };
  }
  const summary = () => sidetone.json<Summary>(`/v1/Voice/${callSid}/Summary?ProcessingState=all`);
  await expect.poll(async () => (await summary()).call_state).toBe("completed");
  const { annotation, sdk_edge } = await summary();
  expect(annotation.call_score).toBe(4);
  expect(sdk_edge.metrics.inbound.packets_received).toBeGreaterThan(50);
  backend.kill();
});
