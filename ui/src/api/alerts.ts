// Alerts and the rules that raise them.

import type { components } from "./schema";
import { ask, get } from "./client";

export type Alert = components["schemas"]["Alert"];
export type AlertRule = components["schemas"]["AlertRule"];
export type Receiver = components["schemas"]["Receiver"];
export type Preview = components["schemas"]["AlertPreview"]["preview"];
export interface Template {
  name: string;
  description: string;
  parameters: Record<string, string>;
}

export async function alerts(query: Record<string, string>, signal?: AbortSignal): Promise<Alert[]> {
  return (await get<{ alerts: Alert[] }>("/v1/Voice/Alerts", new URLSearchParams({ PageSize: "100", ...query }), signal)).alerts;
}

export async function alertRules(signal?: AbortSignal): Promise<AlertRule[]> {
  return (await get<{ rules: AlertRule[] }>("/v1/Voice/Alerts/Rules", new URLSearchParams({ PageSize: "1000" }), signal)).rules;
}

export const alert = (sid: string, signal?: AbortSignal) => get<Alert>(`/v1/Voice/Alerts/${sid}`, undefined, signal);
export const alertRule = (sid: string, signal?: AbortSignal) => get<AlertRule>(`/v1/Voice/Alerts/Rules/${sid}`, undefined, signal);
export const templates = async (signal?: AbortSignal) => (await get<{ templates: Template[] }>("/v1/Voice/Alerts/Templates", undefined, signal)).templates;
export const preview = async (query: URLSearchParams, signal?: AbortSignal) => (await get<{ preview: Preview }>("/v1/Voice/Alerts/Preview", query, signal)).preview;

/** Makes a rule, or changes one. */
export async function keepRule(sid: string | null, form: URLSearchParams): Promise<AlertRule> {
  const path = sid === null ? "/v1/Voice/Alerts/Rules" : `/v1/Voice/Alerts/Rules/${sid}`;
  return (await (await ask(path, { method: "POST", form })).json()) as AlertRule;
}
export async function deleteRule(sid: string): Promise<void> {
  await ask(`/v1/Voice/Alerts/Rules/${sid}`, { method: "DELETE" });
}

export async function receivers(signal?: AbortSignal): Promise<Receiver[]> {
  return (await get<{ receivers: Receiver[] }>("/v1/Voice/Alerts/Receivers", new URLSearchParams({ PageSize: "100" }), signal)).receivers;
}
export const receiver = (sid: string, signal?: AbortSignal) => get<Receiver>(`/v1/Voice/Alerts/Receivers/${sid}`, undefined, signal);
export async function makeReceiver(description: string, type: string, configuration: Record<string, unknown>): Promise<Receiver> {
  const form = new URLSearchParams({ Description: description, Type: type, Configuration: JSON.stringify(configuration) });
  return (await (await ask("/v1/Voice/Alerts/Receivers", { method: "POST", form })).json()) as Receiver;
}
export async function testReceiver(sid: string): Promise<void> {
  await ask(`/v1/Voice/Alerts/Receivers/${sid}/Test`, { method: "POST", form: new URLSearchParams() });
}
export async function deleteReceiver(sid: string): Promise<void> {
  await ask(`/v1/Voice/Alerts/Receivers/${sid}`, { method: "DELETE" });
}

/** One line for people. What cannot be read was written by a later release. */
export const titleOf = (alert: Alert) => alert.summary ?? alert.sid;

/** Where its calls are shown, here: the server says it with the name that it is known by. Null: it is not about calls. */
export function callsOf(alert: Alert): string | null {
  if (!alert.interface_url) return null;
  const { pathname, search } = new URL(alert.interface_url, window.location.origin);
  return pathname + search;
}

/** `2h` from now, or empty: nobody is told less than before any more. */
export async function muteRule(sid: string, until: string): Promise<void> {
  await ask(`/v1/Voice/Alerts/Rules/${sid}`, { method: "POST", form: new URLSearchParams({ MutedUntil: until }) });
}
