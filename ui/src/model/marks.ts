// Where times that something went on lie beside each other.

export interface Mark {
  /** Seconds since 1970. */
  from: number;
  to: number;
  label: string;
  href: string;
}

/** The least width of what is clicked, px (WCAG 2.2, 2.5.8). */
const LEAST = 24;

interface Placed {
  left: number;
  width: number;
  marks: Mark[];
}

/** Marks as they lie between two times. Those that would lie upon each other are one, which leads to all of them. */
export function placed(marks: Mark[], [begin, end]: [number, number], width: number): Placed[] {
  const at = (seconds: number) => (Math.min(Math.max(seconds, begin), end) - begin) / (end - begin) * width;
  const all = marks.filter((it) => it.to >= begin && it.from <= end).sort((a, b) => a.from - b.from).map((it): Placed => {
    const [left, right] = [at(it.from), at(it.to)];
    const size = Math.max(LEAST, right - left);
    return { left: Math.max(0, Math.min(left, width - size)), width: size, marks: [it] };
  });
  const together: Placed[] = [];
  for (const it of all) {
    const last = together.at(-1);
    if (last && it.left < last.left + last.width) {
      last.width = Math.max(last.width, it.left + it.width - last.left);
      last.marks.push(...it.marks);
    } else together.push(it);
  }
  return together;
}
