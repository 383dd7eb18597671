// Calls as native events, sent to a server as programs send them.

import { ACCOUNT, AUTH_TOKEN, Sidetone } from "./sidetone";

export const sid = (n: number) => `CA${n.toString(16).padStart(32, "0")}`;
const iso = (ago: number) => new Date(Date.now() - ago * 1000).toISOString();

/** A call to a carrier that began so many seconds ago. */
export function call(n: number, ago: number, more: { lost?: number; carrier?: string; seconds?: number; isRunning?: boolean } = {}): object[] {
  const seconds = more.seconds ?? 60;
  const lost = more.lost ?? 0;
  const events: object[] = [
    {
      id: "1", call_sid: sid(n), at: iso(ago), kind: "progress", step: "initiated",
      facts: { direction: "outbound_api", call_type: "carrier", from: { address: "+12025550143" }, to: { address: `+4930${1_000_000 + n}`, carrier: more.carrier ?? "Rheinfunk" } },
    },
    { id: "2", call_sid: sid(n), at: iso(ago - 5), kind: "progress", step: "answered" },
  ];
  if (more.isRunning) return events;
  events.push(
    {
      id: "3", call_sid: sid(n), at: iso(ago - seconds), kind: "media", edge: "carrier_edge", direction: "inbound",
      cumulative: { packets_received: seconds * 50 - lost, packets_lost: lost, jitter_ms: { avg: 2.5, max: 9.25 } },
    },
    { id: "4", call_sid: sid(n), at: iso(ago - seconds), kind: "progress", step: "completed", facts: { last_sip_response: 200, disconnected_by: "callee" } },
  );
  return events;
}

export async function send(sidetone: Sidetone, events: object[], isWhole = true): Promise<void> {
  const answer = await fetch(`${sidetone.url}/ingest/v1/events${isWhole ? "?Settle=true" : ""}`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(`${ACCOUNT}:${AUTH_TOKEN}`).toString("base64")}`, "Content-Type": "application/x-ndjson" },
    body: events.map((it) => JSON.stringify(it)).join("\n"),
  });
  if (!answer.ok) throw new Error(`events: ${answer.status} ${await answer.text()}`);
}

/** Until so many calls are counted. */
export async function untilCalls(sidetone: Sidetone, count: number): Promise<void> {
  for (let i = 0; i < 600; i++) {
    const { meta } = await sidetone.json<{ meta: { calls: number } }>("/v1/Voice/Statistics?StartTime=4w&ProcessingState=all&Measures=calls");
    if (meta.calls >= count) return;
    await new Promise((done) => setTimeout(done, 300));
  }
  throw new Error(`there were never ${count} calls`);
}

export async function started(settings: Record<string, string> = {}): Promise<Sidetone> {
  const sidetone = new Sidetone(settings);
  await sidetone.start();
  return sidetone;
}

export async function ended(sidetone: Sidetone): Promise<void> {
  await sidetone.stop();
  sidetone.remove();
}
