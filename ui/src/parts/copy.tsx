import { useState } from "preact/hooks";

import { Icon } from "./icon";

/** Copies a text, and says so. */
export function Copy({ text, label = "Copy", isBare = false }: { text: string | (() => string); label?: string; isBare?: boolean }) {
  const [done, setDone] = useState<boolean | null>(null);
  const copy = async () => {
    const value = typeof text === "string" ? text : text();
    try {
      await navigator.clipboard.writeText(value);
      setDone(true);
    } catch {
      // Without https, browsers give no clipboard but the old one.
      setDone(copyByHand(value));
    }
    setTimeout(() => setDone(null), 1600);
  };
  return (
    <button type="button" class={isBare ? "icon-button" : "button is-small"} onClick={() => void copy()} aria-label={isBare ? label : undefined} title={isBare ? label : undefined}>
      <Icon name={done ? "check" : "copy"} size={14} />
      {!isBare && <span>{done === null ? label : done ? "Copied" : "Not copied"}</span>}
      {isBare && <span class="visually-hidden" role="status">{done ? "Copied" : ""}</span>}
    </button>
  );
}

function copyByHand(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
