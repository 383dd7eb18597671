// Keys of the whole interface. A screen adds its own while it is shown.

import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";

export interface Key {
  key: string;
  what: string;
  run: (event: KeyboardEvent) => void;
  /** Also while somebody types. */
  isAlways?: boolean;
}

export const keys = signal<Key[][]>([]);

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type)));

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    // What opened last is asked first.
    for (const group of [...keys.value].reverse()) {
      const key = group.find((it) => it.key === event.key && (it.isAlways || !isTyping(event.target)));
      if (key) {
        event.preventDefault();
        key.run(event);
        return;
      }
    }
  });
}

export function useKeys(group: Key[]): void {
  useEffect(() => {
    keys.value = [...keys.value, group];
    return () => {
      keys.value = keys.value.filter((it) => it !== group);
    };
  });
}
