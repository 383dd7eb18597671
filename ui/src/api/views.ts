// Views, as the server keeps them.

import type { components } from "./schema";
import { ask, get } from "./client";

export type View = components["schemas"]["View"];

export async function views(signal?: AbortSignal): Promise<View[]> {
  return (await get<{ views: View[] }>("/v1/Voice/Views", undefined, signal)).views;
}

export async function keepView(name: string, query: string, isShared: boolean): Promise<View> {
  const form = new URLSearchParams({ Name: name, Query: query, Shared: String(isShared) });
  return (await (await ask("/v1/Voice/Views", { method: "POST", form })).json()) as View;
}

export async function changeView(sid: string, change: { Query?: string; Shared?: string }): Promise<View> {
  const form = new URLSearchParams(change);
  return (await (await ask(`/v1/Voice/Views/${sid}`, { method: "POST", form })).json()) as View;
}

export async function forgetView(sid: string): Promise<void> {
  await ask(`/v1/Voice/Views/${sid}`, { method: "DELETE" });
}
