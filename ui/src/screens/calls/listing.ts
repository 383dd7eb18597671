// The calls of a selection, page by page, as far as somebody has scrolled.

import { useEffect, useRef, useState } from "preact/hooks";

import { firstPage, nextOf, nextPage } from "../../api/calls";
import { returns, Unreachable } from "../../api/client";
import type { CallSummary } from "../../api/answers";
import { apiQuery } from "../../model/filters";

const PAGE = 100;

export interface Listing {
  calls: CallSummary[];
  /** Came while somebody looks further down: shown when they say so. */
  newer: CallSummary[];
  total: number | null;
  isTotalExact: boolean;
  next: URLSearchParams | null;
  error: Error | null;
  isLoading: boolean;
  /** How far it was scrolled, for whoever comes back. */
  scroll: number;
}

const EMPTY: Listing = { calls: [], newer: [], total: null, isTotalExact: true, next: null, error: null, isLoading: true, scroll: 0 };

/** The list that was last shown: who comes back from a call finds it as it was. */
let kept: { key: string; listing: Listing } | null = null;

export interface ListingControl extends Listing {
  more: () => void;
  reload: () => void;
  /** Puts a call where it belongs: in its place, or first. */
  put: (call: CallSummary) => void;
  showNewer: () => void;
  drop: (sid: string) => void;
  change: (sids: Set<string>, change: (call: CallSummary) => CallSummary) => void;
  keepScroll: (scroll: number) => void;
}

export function useListing(key: string, query: URLSearchParams): ListingControl {
  const [listing, setListing] = useState<Listing>(() => (kept?.key === key ? kept.listing : EMPTY));
  const shownKey = useRef(kept?.key === key ? key : "");
  const round = useRef(0);
  const isAsking = useRef(false);
  /** What was told while a list was read, which may not have it yet. */
  const late = useRef<((was: Listing) => Listing)[]>([]);
  const [asked, setAsked] = useState(0);
  const back = returns.value;
  const seenBack = useRef(back);

  const set = (change: (was: Listing) => Listing) =>
    setListing((was) => {
      const next = change(was);
      kept = { key, listing: next };
      return next;
    });

  useEffect(() => {
    const isReturn = seenBack.current !== back;
    seenBack.current = back;
    if (shownKey.current === key && asked === 0 && !isReturn) return;
    const isSame = shownKey.current === key;
    shownKey.current = key;
    const mine = ++round.current;
    isAsking.current = true;
    // The old rows stay until the new ones are here: less flicker, and what is gone is seen to go.
    set((was) => ({ ...was, isLoading: true, error: null, scroll: isSame ? was.scroll : 0 }));
    const stop = new AbortController();
    firstPage(apiQuery(query), PAGE, stop.signal).then(
      (page) => {
        if (mine !== round.current) return;
        isAsking.current = false;
        const meta = page.meta as typeof page.meta & { total?: number; total_is_exact?: boolean };
        set((was) => ({
          calls: page.call_summaries, newer: [], total: meta.total ?? null, isTotalExact: meta.total_is_exact ?? false,
          next: nextOf(page), error: null, isLoading: false, scroll: was.scroll,
        }));
        for (const change of late.current.splice(0)) set(change);
      },
      (error: Error) => {
        if (mine !== round.current || stop.signal.aborted) return;
        isAsking.current = false;
        set((was) => ({ ...was, calls: error instanceof Unreachable ? was.calls : [], next: null, error, isLoading: false }));
      },
    );
    return () => stop.abort();
  }, [key, asked, back]);

  const more = () => {
    const { next, isLoading, error } = listing;
    if (!next || isLoading || isAsking.current || error) return;
    isAsking.current = true;
    const mine = round.current;
    nextPage(next).then(
      (page) => {
        isAsking.current = false;
        if (mine !== round.current) return;
        for (const change of late.current.splice(0)) set(change);
        set((was) => {
          const had = new Set(was.calls.map((it) => it.call_sid));
          return { ...was, calls: [...was.calls, ...page.call_summaries.filter((it) => !had.has(it.call_sid))], next: nextOf(page) };
        });
      },
      (error: Error) => {
        isAsking.current = false;
        if (mine === round.current) set((was) => ({ ...was, error }));
      },
    );
  };

  const soon = (change: (was: Listing) => Listing) => {
    if (isAsking.current) late.current.push(change);
    else set(change);
  };

  return {
    ...listing,
    more,
    reload: () => setAsked((n) => n + 1),
    put: (call) => soon((was) => withCall(was, call)),
    showNewer: () => set((was) => ({ ...was, calls: [...was.newer, ...was.calls], newer: [], scroll: 0 })),
    drop: (sid) => soon((was) => withoutCall(was, sid)),
    change: (sids, change) => set((was) => ({ ...was, calls: was.calls.map((it) => (sids.has(it.call_sid) ? change(it) : it)) })),
    keepScroll: (scroll) => {
      if (listing.scroll > 0 !== scroll > 0) set((was) => ({ ...was, scroll }));
      else if (kept?.key === key) kept = { key, listing: { ...kept.listing, scroll } };
    },
  };
}

/** In its place, or first; aside where that would move what somebody looks at. */
export function withCall(was: Listing, call: CallSummary): Listing {
  const at = was.calls.findIndex((it) => it.call_sid === call.call_sid);
  if (at >= 0) return { ...was, calls: was.calls.with(at, call) };
  const aside = was.newer.findIndex((it) => it.call_sid === call.call_sid);
  if (aside >= 0) return { ...was, newer: was.newer.with(aside, call) };
  const total = was.total === null ? null : was.total + 1;
  return was.scroll > 0 ? { ...was, newer: [call, ...was.newer], total } : { ...was, calls: [call, ...was.calls], total };
}

export function withoutCall(was: Listing, sid: string): Listing {
  const rest = (calls: CallSummary[]) => (calls.some((it) => it.call_sid === sid) ? calls.filter((it) => it.call_sid !== sid) : calls);
  const [calls, newer] = [rest(was.calls), rest(was.newer)];
  if (calls === was.calls && newer === was.newer) return was;
  return { ...was, calls, newer, total: was.total === null ? null : was.total - 1 };
}
