import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ACCOUNT = "AC0123456789abcdef0123456789abcdef";
export const AUTH_TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const BASIC = `Basic ${Buffer.from(`${ACCOUNT}:${AUTH_TOKEN}`).toString("base64")}`;

export type Grant = "annotate" | "rate" | "observe";

/** The program as it is built, with a database of its own. */
export class Sidetone {
  #process: ChildProcess | null = null;
  #listen: string;
  readonly #data = mkdtempSync(join(tmpdir(), "sidetone-"));
  readonly #settings: Record<string, string>;
  url = "";

  /** With settings, as the environment has them. */
  constructor(settings: Record<string, string> = {}, listen = "127.0.0.1:0") {
    this.#settings = settings;
    this.#listen = listen;
  }

  async start(): Promise<void> {
    const options = ["--data", this.#data, "--hep-udp", "off", "--hep-tcp", "off"];
    const server = spawn(binary(), ["serve", "--listen", this.#listen, ...options], {
      env: {
        ...process.env,
        SIDETONE_ACCOUNT_SID: ACCOUNT,
        SIDETONE_AUTH_TOKEN: AUTH_TOKEN,
        SIDETONE_SETTLE: "1s",
        ...this.#settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = server;
    this.url = await new Promise((resolve, reject) => {
      let told = "";
      const hear = (chunk: Buffer) => {
        told += chunk.toString();
        const url = /^listening on (http:\S+)/m.exec(told)?.[1];
        if (url) resolve(url.replace(/\/$/, ""));
      };
      server.stdout.on("data", hear);
      server.stderr.on("data", hear);
      server.once("exit", (code) => reject(new Error(`sidetone ended with ${code}: ${told}`)));
    });
    this.#listen = new URL(this.url).host;
  }

  /** Ends it; `start` has it back at the same address, with what it knew. */
  async stop(): Promise<void> {
    const server = this.#process;
    if (!server || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill();
    await ended;
  }

  remove(): void {
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** Asks with the account's credentials. */
  async ask(path: string, form?: Record<string, string> | URLSearchParams): Promise<Response> {
    return fetch(this.url + path, {
      method: form ? "POST" : "GET",
      headers: { Authorization: BASIC },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
  }

  async json<T = Record<string, unknown>>(path: string): Promise<T> {
    const answer = await this.ask(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** A call that was answered and is over. */
  async call(callSid = newCallSid()): Promise<string> {
    for (const status of ["initiated", "in-progress", "completed"]) {
      const answer = await this.ask("/ingest/v1/status-callback", {
        AccountSid: ACCOUNT,
        CallSid: callSid,
        CallStatus: status,
        From: "+12025550143",
        To: "+12025550176",
        Direction: "inbound",
      });
      if (!answer.ok) throw new Error(`status callback: ${answer.status} ${await answer.text()}`);
    }
    return callSid;
  }

  async token(callSid: string, ...grants: Grant[]): Promise<string> {
    const form = new URLSearchParams(grants.map((grant) => ["Grant", grant]));
    const answer = await this.ask(`/v1/Voice/${callSid}/Token`, form);
    if (!answer.ok) throw new Error(`token: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { token: string }).token;
  }

  annotation(callSid: string): Promise<Record<string, unknown>> {
    return this.json(`/v1/Voice/${callSid}/Annotation`);
  }

  async annotate(callSid: string, form: Record<string, string>): Promise<void> {
    const answer = await this.ask(`/v1/Voice/${callSid}/Annotation`, form);
    if (!answer.ok) throw new Error(`annotation: ${answer.status}`);
  }

  /** `null`: there is none. */
  async feedback(callSid: string): Promise<{ quality_score: number; issues: string[] } | null> {
    const answer = await this.ask(`/2010-04-01/Accounts/${ACCOUNT}/Calls/${callSid}/Feedback.json`);
    return answer.ok ? await answer.json() : null;
  }
}

export function newCallSid(): string {
  return `CA${randomBytes(16).toString("hex")}`;
}

function binary(): string {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const built = ["release", "debug"].map((profile) => join(target, profile, "sidetone"));
  const found = [process.env.SIDETONE_BINARY ?? "", ...built].find((path) => existsSync(path));
  if (!found) throw new Error("no sidetone binary: build one, or name it in SIDETONE_BINARY");
  return found;
}
