// While something is coming, when nothing is there, and when it did not come.

import type { ComponentChildren } from "preact";

import { ApiError, explain, Unreachable } from "../api/client";
import { Icon } from "./icon";

export function Waiting({ what = "Loading" }: { what?: string }) {
  return (
    <p class="waiting" role="status">
      <span class="pulse" aria-hidden="true" /> {what}…
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name="unknown" size={28} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** An error in the API's own words. `isCalm`: what was asked for cannot be had, and nothing is broken. */
export function Failed({ error, retry, isCalm = false }: { error: Error; retry?: () => void; isCalm?: boolean }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div class={isCalm ? "failed is-calm" : "failed"} role={isCalm ? "status" : "alert"}>
      <Icon name={isCalm ? "unknown" : error instanceof Unreachable ? "warning" : "bad"} />
      <div>
        <p>{explain(error)}</p>
        {known && (
          <p class="quiet">
            {known.status}
            {known.code !== null && ` / ${known.code}`}
            {known.parameter && <> · parameter <code>{known.parameter}</code></>}
            {known.retryAfter && ` · try again in ${known.retryAfter} s`}
          </p>
        )}
      </div>
      {retry && <button type="button" class="button" onClick={retry}>Try again</button>}
    </div>
  );
}
