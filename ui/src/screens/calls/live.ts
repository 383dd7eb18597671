// Calls as they come and change, while somebody looks on.

import { useEffect, useRef, useState } from "preact/hooks";

import { returns } from "../../api/client";
import type { CallSummary } from "../../api/answers";

export interface LiveHandlers {
  /** The stream has begun: what is read from now on, it completes. */
  begin: () => void;
  put: (call: CallSummary) => void;
  drop: (sid: string) => void;
}

export type LiveState = "off" | "connecting" | "on";

/** Follows the calls of a query; null follows none. The browser connects again by itself, from where it was. */
export function useLive(query: string | null, handlers: LiveHandlers): LiveState {
  const [state, setState] = useState<LiveState>("off");
  const on = useRef(handlers);
  on.current = handlers;
  const back = returns.value;
  useEffect(() => {
    if (query === null) {
      setState("off");
      return;
    }
    setState("connecting");
    let hasBegun = false;
    const stream = new EventSource(`/v1/Voice/Live?${query}`);
    const data = (event: Event) => JSON.parse((event as MessageEvent<string>).data) as unknown;
    stream.onopen = () => {
      setState("on");
      if (!hasBegun) on.current.begin();
      hasBegun = true;
    };
    stream.onerror = () => setState("connecting");
    stream.addEventListener("call", (event) => on.current.put(data(event) as CallSummary));
    stream.addEventListener("gone", (event) => on.current.drop((data(event) as { call_sid: string }).call_sid));
    stream.addEventListener("reset", () => on.current.begin());
    return () => stream.close();
  }, [query, back]);
  return state;
}
