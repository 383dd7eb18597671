import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
};

/** Somebody else's page, of another origin than the server's, as strict as pages are: no script or
 * style in the page itself, nothing from elsewhere, and requests to the server alone. */
export class Site {
  readonly #server: Server;
  readonly #pages = new Map<string, string>();
  #policy = "";
  url = "";

  constructor() {
    this.#server = createServer(async (request, response) => {
      const path = new URL(request.url ?? "/", "http://site").pathname;
      const body = this.#pages.get(path) ?? (await this.#file(path));
      response.writeHead(body === null ? 404 : 200, {
        "Content-Type": TYPES[extname(path)] ?? "text/html; charset=utf-8",
        "Content-Security-Policy": this.#policy,
      });
      response.end(body);
    });
  }

  async start(connect: string): Promise<void> {
    this.#policy =
      `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${connect}; ` +
      "require-trusted-types-for 'script'";
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    // Another host name than the server's: not only another origin, another site.
    this.url = `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Puts a page there, and tells where. */
  page(body: string, lang = "en"): string {
    const path = `/page-${this.#pages.size}`;
    const head = `<meta charset="utf-8"><title>A page</title>`;
    const html = `<!doctype html><html lang="${lang}"><head>${head}</head><body><main><h1>A page</h1>${body}</main></body></html>`;
    this.#pages.set(path, html);
    return this.url + path;
  }

  /** What is built (`/sdk`, `/embed`), and scripts of tests. */
  async #file(path: string): Promise<Buffer | null> {
    const name = normalize(path);
    const folder = name.startsWith("/browser/") ? root : join(root, "dist");
    return readFile(join(folder, name)).catch(() => null);
  }
}
