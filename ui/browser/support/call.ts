import type { BrowserContext, Page } from "@playwright/test";
import type { Options } from "../../sdk/sidetone.d.ts";
import { Path } from "./path";
import type { Site } from "./site";

/** Two pages that call each other, with real media between them. */
export class Call {
  readonly caller: Page;
  readonly callee: Page;
  readonly path: Path;

  private constructor(caller: Page, callee: Page, path: Path) {
    this.caller = caller;
    this.callee = callee;
    this.path = path;
  }

  static async open(context: BrowserContext, site: Site, path = new Path()): Promise<Call> {
    const url = site.page(`<script type="module" src="/browser/support/phone.js"></script>`);
    const pages = [await context.newPage(), await context.newPage()] as const;
    for (const page of pages) await page.goto(url);
    return new Call(...pages, path).#ready();
  }

  /** The same pages, loaded anew. */
  async again(): Promise<Call> {
    for (const page of [this.caller, this.callee]) await page.reload();
    return new Call(this.caller, this.callee, new Path()).#ready();
  }

  async #ready(): Promise<this> {
    for (const page of [this.caller, this.callee]) {
      await page.waitForFunction(() => "phone" in window);
      await page.evaluate(() => phone.microphone());
    }
    return this;
  }

  observe(page: Page, options: Partial<Options>): Promise<void> {
    return page.evaluate((options) => phone.observe(options), options);
  }

  async connect(): Promise<void> {
    const { caller, callee } = this;
    const offer = await caller.evaluate(() => phone.offer());
    // The answer is not known yet, so that the caller's candidate is hidden only afterwards.
    const bare = offer.replace(/^a=candidate:.*\r\n/gm, "");
    const answer = await callee.evaluate((sdp) => phone.answer(sdp), bare);
    const [hiddenOffer, hiddenAnswer] = await this.path.between(offer, answer);
    const line = /^a=candidate:(.*)\r\n/m.exec(hiddenOffer)?.[1] ?? "";
    await callee.evaluate(
      (candidate) => phone.connection.addIceCandidate({ candidate, sdpMLineIndex: 0 }),
      `candidate:${line}`,
    );
    await caller.evaluate((sdp) => phone.accept(sdp), hiddenAnswer);
    for (const page of [caller, callee])
      await page.waitForFunction(() => phone.connection.connectionState === "connected");
  }

  close(): void {
    this.path.close();
  }
}

/** What `phone.js` puts into a page. */
declare const phone: {
  connection: RTCPeerConnection;
  microphone(): Promise<void>;
  offer(): Promise<string>;
  answer(sdp: string): Promise<string>;
  accept(sdp: string): Promise<void>;
  observe(options: Partial<Options>): void;
};
