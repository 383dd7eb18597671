// A button that opens a panel below it. Esc, or a click elsewhere, closes it.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export function Popover(props: {
  label: ComponentChildren;
  /** What it is called when the label does not say. */
  name?: string;
  class?: string;
  align?: "start" | "end";
  children: (close: () => void) => ComponentChildren;
}) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };

  useEffect(() => {
    if (!isOpen) return;
    const field = panel.current?.querySelector<HTMLElement>("input, button, select, textarea, a[href]");
    field?.focus();
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      close();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    const element = root.current;
    element?.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      element?.removeEventListener("keydown", escape);
    };
  }, [isOpen]);

  return (
    <div class="popover" ref={root}>
      <button ref={button} type="button" class={props.class ?? "button"} aria-expanded={isOpen} aria-haspopup="dialog" aria-label={props.name} onClick={() => setOpen(!isOpen)}>
        {props.label}
      </button>
      {isOpen && (
        <div ref={panel} class={`panel is-${props.align ?? "start"}`} role="dialog" aria-label={props.name ?? "Options"}>
          {props.children(close)}
        </div>
      )}
    </div>
  );
}
