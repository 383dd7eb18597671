// Where one is. The address says all that a screen shows, so that it can be sent to somebody.

import { signal } from "@preact/signals";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const here = (): Place => ({ path: window.location.pathname, query: new URLSearchParams(window.location.search) });

export const place = signal<Place>(here());

export function go(href: string, how: { replace?: boolean; keepScroll?: boolean } = {}): void {
  const url = new URL(href, window.location.origin);
  const target = url.pathname + url.search + url.hash;
  if (how.replace) history.replaceState(history.state, "", target);
  else history.pushState(null, "", target);
  const changed = url.pathname !== place.value.path;
  place.value = here();
  if (changed && !how.keepScroll) {
    window.scrollTo(0, 0);
    // What reads the screen aloud begins with the new one.
    requestAnimationFrame(() => document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true }));
  }
}

/** Changes the query of the screen that is shown. */
export function setQuery(query: URLSearchParams, how: { replace?: boolean } = {}): void {
  const text = query.toString();
  go(place.value.path + (text === "" ? "" : `?${text}`), how);
}

export function startRouter(): void {
  window.addEventListener("popstate", () => {
    place.value = here();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download") || link.dataset["plain"] != null) return;
    const url = new URL(link.href);
    if (url.origin !== window.location.origin) return;
    event.preventDefault();
    go(url.pathname + url.search + url.hash);
  });
}
