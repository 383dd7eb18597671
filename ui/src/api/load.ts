// What a screen shows: read when what it is read for changes, and kept while the next is coming.

import { useEffect, useRef, useState } from "preact/hooks";

import { returns, Unreachable } from "./client";

export interface Loaded<T> {
  data: T | null;
  error: Error | null;
  isLoading: boolean;
  reload: () => void;
}

/**
 * Reads anew when `key` changes; null reads nothing. What was read for another key is shown until the next has come,
 * unless `isFresh`. While nothing is shown at all, `show` takes what is known before the rest.
 */
export function useLoad<T>(key: string | null, read: (signal: AbortSignal, show: ((early: T) => void) | null) => Promise<T>, how: { every?: number; isFresh?: boolean } = {}): Loaded<T> {
  const [state, setState] = useState<{ key: string | null; data: T | null; error: Error | null; isLoading: boolean }>({ key: null, data: null, error: null, isLoading: key !== null });
  const [round, setRound] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  const isShown = state.data !== null;
  const back = returns.value;

  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    setState((was) => ({ ...was, data: how.isFresh && was.key !== key ? null : was.data, isLoading: true }));
    const put = (data: T, isLoading: boolean) => !stop.signal.aborted && setState({ key, data, error: null, isLoading });
    latest.current(stop.signal, isShown ? null : (early) => put(early, true)).then(
      (data) => put(data, false),
      (error: Error) => {
        if (stop.signal.aborted) return;
        // A server that is gone for a moment takes nothing from the screen.
        setState((was) => ({ key, data: error instanceof Unreachable || was.key === key ? was.data : null, error, isLoading: false }));
      },
    );
    return () => stop.abort();
  }, [key, round, back]);

  useEffect(() => {
    if (!how.every || key === null) return;
    const timer = setInterval(() => document.visibilityState === "visible" && setRound((n) => n + 1), how.every);
    return () => clearInterval(timer);
  }, [key, how.every]);

  return { data: state.data, error: state.error, isLoading: state.isLoading, reload: () => setRound((n) => n + 1) };
}

/** A value once it has stayed as it is for so long, ms: who types is not asked about each letter. */
export function useSettled<T>(value: T, wait: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return settled;
}
