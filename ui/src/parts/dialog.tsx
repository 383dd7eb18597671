// Something to be answered before going on: the browser's own dialog, which keeps the focus and closes on Esc.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current!;
    dialog.showModal();
    // Not the button that closes it.
    dialog.querySelector<HTMLElement>("form :is(button, input, select), footer button")?.focus();
    return () => dialog.close();
  }, []);
  return (
    <dialog ref={element} class="dialog" aria-label={title} onCancel={(event) => { event.preventDefault(); onClose(); }}
      onClick={(event) => event.target === element.current && onClose()}>
      <div class="dialog-body">
        <header>
          <h2>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>×</button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
