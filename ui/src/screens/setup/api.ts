// What the set-up screens read and do.

import { ask, get } from "../../api/client";
import type { Page } from "../../api/answers";

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

type Signal = AbortSignal | undefined;
const V1 = "/v1/Voice";
const many = (more: Record<string, string> = {}) => new URLSearchParams({ PageSize: "200", ...more });

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
