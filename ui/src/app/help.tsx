import { keys } from "./keys";
import { Dialog } from "../parts/dialog";

/** The keys that work where one is. */
export function Help({ onClose }: { onClose: () => void }) {
  const names: Record<string, string> = { Escape: "Esc", Enter: "Enter", " ": "Space" };
  const known = keys.value.flat().filter((it, i, all) => it.what !== "" && all.findIndex((other) => other.key === it.key) === i);
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {known.map((it) => (
          <div key={it.key}>
            <dt><kbd>{names[it.key] ?? it.key}</kbd></dt>
            <dd>{it.what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
