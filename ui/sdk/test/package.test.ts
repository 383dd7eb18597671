import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { callSid, version } from "../src/index";

test("the version is that of the package", () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  expect((JSON.parse(manifest) as { version: string }).version).toBe(version);
});

// By sha256sum: printf 'AC0123456789abcdef0123456789abcdef\na84b4c76e66710@pc33.atlanta.example' | sha256sum
test("the CallSid of a SIP call follows from account and Call-ID", async () => {
  const account = "AC0123456789abcdef0123456789abcdef";
  expect(await callSid(account, "a84b4c76e66710@pc33.atlanta.example")).toBe("CAcea81f16c369e5532915b4b559010025");
});
