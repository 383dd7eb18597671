import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Sidetone } from "./sidetone";

const SCRIPT = fileURLToPath(new URL("../../../tests/browser/provider/provider.mjs", import.meta.url));

/** A company: its provider of identities, and the server that its people sign in to. */
export class Company {
  readonly sidetone: Sidetone;
  readonly #port: number;
  readonly #redirect: string;
  readonly #folder: string;
  #provider: ChildProcess | null = null;

  private constructor(port: number, own: number) {
    const url = `http://127.0.0.1:${own}`;
    this.#port = port;
    this.#redirect = `${url}/session/oidc/callback`;
    this.#folder = mkdtempSync(join(tmpdir(), "sidetone-company-"));
    const file = join(this.#folder, "sidetone.toml");
    writeFileSync(file, `public_url = "${url}"
[oidc]
issuer = "http://127.0.0.1:${port}"
client_id = "sidetone"
label = "Acme account"
scopes = ["profile", "groups"]
role_claim = "groups"
viewer = ["voice-viewers"]
admin = ["voice-admins"]
`);
    const secret = { SIDETONE_OIDC_CLIENT_SECRET: "a secret of tests" };
    this.sidetone = new Sidetone({ SIDETONE_CONFIG: file, ...secret }, `127.0.0.1:${own}`);
  }

  static async open(): Promise<Company> {
    const company = new Company(await freePort(), await freePort());
    await company.startProvider();
    await company.sidetone.start();
    return company;
  }

  async startProvider(): Promise<void> {
    const provider = spawn(process.execPath, [SCRIPT, String(this.#port), this.#redirect], { stdio: ["ignore", "pipe", "pipe"] });
    this.#provider = provider;
    await new Promise<void>((resolve, reject) => {
      let told = "";
      const hear = (chunk: Buffer) => {
        told += chunk.toString();
        if (told.includes("listening on")) resolve();
      };
      provider.stdout.on("data", hear);
      provider.stderr.on("data", hear);
      provider.once("exit", (code) => reject(new Error(`the provider ended with ${code}: ${told}`)));
    });
  }

  async stopProvider(): Promise<void> {
    const provider = this.#provider;
    if (!provider) return;
    this.#provider = null;
    const ended = new Promise((resolve) => provider.once("exit", resolve));
    provider.kill();
    await ended;
  }

  async close(): Promise<void> {
    await this.stopProvider();
    await this.sidetone.stop();
    this.sidetone.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    }),
  );
}
