// What has just been done, and a way back.

import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  isBad?: boolean;
  action?: { label: string; run: () => void };
}

const toasts = signal<Toast[]>([]);
let next = 1;

export function toast(text: string, how: Omit<Toast, "id" | "text"> = {}): void {
  const id = next++;
  toasts.value = [...toasts.value.slice(-2), { id, text, ...how }];
  setTimeout(() => dismiss(id), how.action ? 15_000 : 6_000);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((it) => it.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((it) => (
        <div key={it.id} class={it.isBad ? "toast is-bad" : "toast"}>
          <span>{it.text}</span>
          {it.action && (
            <button
              type="button"
              class="link"
              onClick={() => {
                dismiss(it.id);
                it.action!.run();
              }}
            >
              {it.action.label}
            </button>
          )}
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(it.id)}>×</button>
        </div>
      ))}
    </div>
  );
}
