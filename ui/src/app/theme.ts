// Light, dark, or what the system says.

import { signal } from "@preact/signals";

import { store, stored } from "./kept";

export type Theme = "auto" | "light" | "dark";

const KEY = "sidetone.theme";
const kept = read();
export const theme = signal<Theme>(kept);
/** Grows when colours change: charts are drawn again. */
export const repaint = signal(0);

function read(): Theme {
  const value = stored(KEY);
  return value === "light" || value === "dark" ? value : "auto";
}

export function setTheme(next: Theme): void {
  theme.value = next;
  store(KEY, next);
  apply();
}

function apply(): void {
  if (theme.value === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
  requestAnimationFrame(() => repaint.value++);
}

export function startTheme(): void {
  apply();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => repaint.value++);
}
