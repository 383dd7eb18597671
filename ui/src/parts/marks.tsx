// Times that something went on, under a chart of the same time: each a link that keyboards reach too.

import { useEffect, useRef, useState } from "preact/hooks";

import { placed, type Mark } from "../model/marks";
import { Icon } from "./icon";

export function Marks({ name, marks, range, several }: { name: string; marks: Mark[]; range: [number, number]; several: (from: number, to: number) => string }) {
  const lane = useRef<HTMLUListElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const resize = new ResizeObserver(() => setWidth(lane.current?.clientWidth ?? 0));
    resize.observe(lane.current!);
    return () => resize.disconnect();
  }, []);
  const shown = width === 0 ? [] : placed(marks, range, width);
  return (
    <ul ref={lane} class="marks" aria-label={name}>
      {shown.map((it) => {
        const [first] = it.marks;
        const isOne = it.marks.length === 1;
        const labels = it.marks.map((one) => one.label);
        const href = isOne ? first!.href : several(first!.from, Math.max(...it.marks.map((one) => one.to)));
        return (
          <li key={first!.href} class={it.left > width / 2 ? "marked is-late" : "marked"} style={{ left: `${it.left}px`, width: `${it.width}px` }}>
            <a href={href} aria-label={isOne ? first!.label : `${labels.length} alerts: ${labels.join("; ")}`}>
              <Icon name="warning" size={13} />{!isOne && <b>{labels.length}</b>}
            </a>
            <ul class="marked-told" aria-hidden="true">
              {labels.slice(0, 5).map((label) => <li key={label}>{label}</li>)}
              {labels.length > 5 && <li class="quiet">and {labels.length - 5} more</li>}
            </ul>
          </li>
        );
      })}
    </ul>
  );
}
