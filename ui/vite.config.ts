import preact from "@preact/preset-vite";
import type { ProxyOptions } from "vite";
import { configDefaults, defineConfig } from "vitest/config";

// `npm run dev` shows a running server through a proxy: SIDETONE=http://127.0.0.1:8080 npm run dev
const server = process.env["SIDETONE"] ?? "http://127.0.0.1:8080";
const proxy: ProxyOptions = { target: server, changeOrigin: false };

export default defineConfig({
  plugins: [preact()],
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/v2", "/2010-04-01", "/session", "/healthz", "/openapi.json", "/errors"].map((p) => [p, proxy]),
    ),
  },
  // Those are Playwright's.
  test: { exclude: [...configDefaults.exclude, "e2e/**"] },
  build: {
    target: "es2022",
    // Nothing may be inlined that the content security policy would have to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
