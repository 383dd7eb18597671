// Alerts and the rules that raise them.

import type { components } from "./schema";
import { ask, get } from "./client";

export type Alert = components["schemas"]["Alert"];
export type AlertRule = components["schemas"]["AlertRule"];

export async function alerts(query: Record<string, string>, signal?: AbortSignal): Promise<Alert[]> {
  return (await get<{ alerts: Alert[] }>("/v1/Voice/Alerts", new URLSearchParams({ PageSize: "100", ...query }), signal)).alerts;
}

export async function alertRules(signal?: AbortSignal): Promise<AlertRule[]> {
  return (await get<{ rules: AlertRule[] }>("/v1/Voice/Alerts/Rules", new URLSearchParams({ PageSize: "1000" }), signal)).rules;
}

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
