// What the set-up screens read and do.

import { ask, get } from "../../api/client";
import type { Page } from "../../api/answers";
import type { components } from "../../api/schema";

export interface Door {
  source: string;
  accepted: number;
  last_accepted: string | null;
  refused: { reason: string; count: number; last: string; message: string | null }[];
}
export interface Sources {
  sources: Door[];
  hep: { udp: string | null; tcp: string | null };
  public_url: string | null;
}
export interface Account {
  account_sid: string;
  friendly_name: string;
  parent_account_sid: string | null;
  created_time: string;
}
export interface Key {
  sid: string;
  account_sid: string;
  friendly_name: string;
  created_time: string;
  /** Told once, when it is made. */
  secret?: string;
}
export interface Person {
  name: string;
  role: "admin" | "annotator" | "viewer";
  sign_in: "password" | "provider";
  disabled: boolean;
  created_time: string;
  last_sign_in: string | null;
  /** Told once, where it was made up. */
  password?: string;
}
export interface Delivery {
  id: string;
  status: "waiting" | "dead";
  kind: string;
  /** Null: it goes to a sink. */
  url: string | null;
  sink_sid: string | null;
  created_time: string;
  next_attempt_time: string | null;
  dead_time: string | null;
  attempts: number;
  last_error: string | null;
}
export interface Storage {
  version: string;
  calls: number | null;
  database: { path: string; bytes: number; free_bytes: number; disk_free_bytes?: number | null; full_at: string | null };
  retention: { events_s: number; summaries_s: number; judgement_s: number };
}
export interface Sides {
  version: number | null;
  sides: Record<string, unknown>[];
}
export interface AuditEntry {
  time: string;
  who: string;
  what: string;
  target: string | null;
  detail: string | null;
}

export type SinkKind = components["schemas"]["Sink"]["sink_type"];
export interface Sink {
  sid: string;
  description: string;
  status: string;
  date_created: string;
  /** Where to, without what opens it. */
  to: string;
  subscription: string | null;
  types: string[];
  /** So much waits for it that new events are not kept. */
  full: boolean;
}
export type Owed = components["schemas"]["SinkDeliveries"];
export interface WantedSink {
  description: string;
  kind: SinkKind;
  configuration: Record<string, unknown>;
  types: string[];
  selection: string;
  personalData: string;
}

type Signal = AbortSignal | undefined;
const V1 = "/v1/Voice";
/** As many as are read at once. */
export const MANY = 200;
const many = (more: Record<string, string> = {}) => new URLSearchParams({ PageSize: String(MANY), ...more });

export const sources = (signal: Signal) => get<Sources>(`${V1}/Sources`, undefined, signal);
export const accounts = (signal: Signal) => get<{ accounts: Account[] }>(`${V1}/Accounts`, undefined, signal);
export const keys = (signal: Signal) => get<{ keys: Key[] }>(`${V1}/Keys`, undefined, signal);
export const people = (signal: Signal) => get<{ people: Person[] } & Page>(`${V1}/People`, many(), signal);
export const storage = (signal: Signal) => get<Storage>(`${V1}/Storage`, undefined, signal);
export const sides = (signal: Signal) => get<Sides>(`${V1}/Sides`, undefined, signal);
export const deliveries = (status: string, signal: Signal) => get<{ deliveries: Delivery[] } & Page>(`${V1}/Deliveries`, many({ Status: status }), signal);
export const audit = (signal: Signal) => get<{ audit: AuditEntry[] } & Page>(`${V1}/Audit`, many(), signal);

const send = (path: string, form: Record<string, string>) => ask(V1 + path, { method: "POST", form: new URLSearchParams(form) });

export async function makeKey(name: string, account: string): Promise<Key> {
  return (await (await send("/Keys", { FriendlyName: name, Subaccount: account })).json()) as Key;
}
export const revokeKey = (sid: string) => ask(`${V1}/Keys/${sid}`, { method: "DELETE" });
/** Without a password, one is made up. */
export const makePerson = async (name: string, role: string, password: string) => (await (await send("/People", { Name: name, Role: role, ...(password === "" ? {} : { Password: password }) })).json()) as Person;
export const changePerson = async (name: string, change: Record<string, string>) => (await (await send(`/People/${encodeURIComponent(name)}`, change)).json()) as Person;
export const replay = (id: string) => send(`/Deliveries/${id}/Replay`, {});
export const eraseCall = (sid: string) => ask(`${V1}/${sid}/Summary`, { method: "DELETE" });

const PREFIX = "com.twilio.voice.insights.";
export const shortType = (type: string) => (type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type);

interface SinkAnswer {
  sid: string;
  description: string;
  status: string;
  full: boolean;
  date_created: string;
  sink_configuration: Record<string, unknown> | null;
}

/** All sinks with what each is told. What one is owed is counted where one looks at it. */
export async function sinks(signal: Signal): Promise<Sink[]> {
  const [made, subscribed] = await Promise.all([
    get<{ sinks: SinkAnswer[] }>("/v1/Sinks", many(), signal),
    get<{ subscriptions: { sid: string; sink_sid: string }[] }>("/v1/Subscriptions", many(), signal),
  ]);
  return Promise.all(made.sinks.map(async ({ sid, description, status, full, date_created, sink_configuration: how }) => {
    const subscription = subscribed.subscriptions.find((it) => it.sink_sid === sid)?.sid ?? null;
    const told = subscription ? await get<{ types: { type: string }[] }>(`/v1/Subscriptions/${subscription}/SubscribedEvents`, many(), signal) : { types: [] };
    const to = how === null ? "sealed with another key" : addressOf(how);
    return { sid, description, status, full, date_created, to, subscription, types: told.types.map((it) => it.type) };
  }));
}

function addressOf(how: Record<string, unknown>): string {
  if (how["bucket"] !== undefined) return `s3://${[how["bucket"], how["prefix"]].filter((it) => it != null).join("/")}`;
  return String(how["destination"] ?? how["endpoint"] ?? "Segment");
}

export const sinkDeliveries = (sid: string, signal: Signal) => get<Owed>(`/v1/Sinks/${sid}/Deliveries`, undefined, signal);
export const streamTypes = async (signal: Signal) => (await get<{ types: { type: string }[] }>("/v1/Types", many(), signal)).types.map((it) => it.type);
const post = (path: string, form: [string, string][]) => ask(path, { method: "POST", form: new URLSearchParams(form) });
export const testSink = (sid: string) => post(`/v1/Sinks/${sid}/Test`, []);
/** All that was given up at a sink, as much of it as one request takes. */
export const replaySink = async (sid: string) => (await (await post(`/v1/Sinks/${sid}/Deliveries/Replay`, [])).json()) as { replayed: number; left: number };

export async function deleteSink(sink: Sink): Promise<void> {
  if (sink.subscription) await ask(`/v1/Subscriptions/${sink.subscription}`, { method: "DELETE" });
  await ask(`/v1/Sinks/${sink.sid}`, { method: "DELETE" });
}

/** How long a sink has to take its test, before which some cannot be subscribed to anything. */
const TEST_SECONDS = 15;

/** Makes a sink and subscribes it. Tells the secret that was made up for it; a sink that cannot be subscribed is deleted. */
export async function makeSink(wanted: WantedSink): Promise<string | null> {
  const answer = await post("/v1/Sinks", [["Description", wanted.description], ["SinkType", wanted.kind], ["SinkConfiguration", JSON.stringify(wanted.configuration)]]);
  const made = (await answer.json()) as SinkAnswer;
  try {
    if (made.status !== "active") {
      await testSink(made.sid);
      for (let n = 0; (await get<SinkAnswer>(`/v1/Sinks/${made.sid}`)).status !== "active"; n++) {
        if (n === TEST_SECONDS) throw new Error("It did not take a test event. Is all of that right?");
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
    await post("/v1/Subscriptions", [
      ["Description", wanted.description], ["SinkSid", made.sid], ["PersonalData", wanted.personalData],
      ...(wanted.selection.trim() === "" ? [] : [["Selection", wanted.selection.trim()] as [string, string]]),
      ...wanted.types.map((type) => ["Types", JSON.stringify({ type })] as [string, string]),
    ]);
  } catch (error) {
    await ask(`/v1/Sinks/${made.sid}`, { method: "DELETE" }).catch(() => null);
    throw error;
  }
  const secret = made.sink_configuration?.["secret"];
  return typeof secret === "string" && secret.startsWith("whsec_") ? secret : null;
}
