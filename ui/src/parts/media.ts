// How much room there is.

import { useEffect, useState } from "preact/hooks";

/** A phone: what stands side by side elsewhere stands below each other. */
export const NARROW = "(max-width: 46rem)";

export function useMedia(query: string): boolean {
  const [isMatch, setMatch] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const follow = () => setMatch(media.matches);
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, [query]);
  return isMatch;
}
