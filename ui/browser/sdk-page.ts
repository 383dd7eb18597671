import type { Options } from "../sdk/sidetone.d.ts";
import { expect, test } from "./support/test";

test("nothing is thrown into the page, and nothing is put there", async ({ page, site }) => {
  await page.goto(site.page(`<script src="/sdk/sidetone.global.js"></script>`));
  const [found, errors] = await page.evaluate(async () => {
    const errors: string[] = [];
    const onError = (error: Error) => errors.push(error.message);
    const { observe } = sidetone;
    const connection = new RTCPeerConnection();
    const callSid = "CA0123456789abcdef0123456789abcdef";
    const given: [RTCPeerConnection, Partial<Options>][] = [
      [{} as never, { callSid, token: "t" }],
      [connection, { callSid: "CA1", token: "t" }],
      [connection, { callSid, token: "" }],
    ];
    for (const [connection, options] of given) {
      const observation = observe(connection, { ...options, onError } as Options);
      observation.rate(1);
      await observation.stop();
    }
    const before = new Set(Object.getOwnPropertyNames(document.createElement("iframe")));
    const names = Object.keys(window).filter((name) => /sidetone/i.test(name) && !before.has(name));
    return [names, errors] as const;
  });
  expect(found).toEqual(["sidetone"]);
  expect(errors).toEqual([
    "sidetone: connection is no RTCPeerConnection",
    "sidetone: callSid CA1 is not CA and 32 hexadecimal digits",
    "sidetone: token is missing",
  ]);
});

/** What the classic script puts into a page. */
declare const sidetone: typeof import("../sdk/sidetone.d.ts");
