// What the set-up screens read and do.

import { ask, get } from "../../api/client";
import type { Page } from "../../api/types";

export interface Person {
  name: string;
  role: "admin" | "annotator" | "viewer";
  disabled: boolean;
  created_time: string;
  last_sign_in: string | null;
  /** Told once, where it was made up. */
  password?: string;
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
const many = () => new URLSearchParams({ PageSize: "200" });

export const people = (signal: Signal) => get<{ people: Person[] } & Page>(`${V1}/People`, many(), signal);
export const audit = (signal: Signal) => get<{ audit: AuditEntry[] } & Page>(`${V1}/Audit`, many(), signal);

const send = (path: string, form: Record<string, string>) => ask(V1 + path, { method: "POST", form: new URLSearchParams(form) });

/** Without a password, one is made up. */
export const makePerson = async (name: string, role: string, password: string) => (await (await send("/People", { Name: name, Role: role, ...(password === "" ? {} : { Password: password }) })).json()) as Person;
export const changePerson = async (name: string, change: Record<string, string>) => (await (await send(`/People/${encodeURIComponent(name)}`, change)).json()) as Person;
export const eraseCall = (sid: string) => ask(`${V1}/${sid}/Summary`, { method: "DELETE" });
