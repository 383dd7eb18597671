// Who is signed in.

import { computed, signal } from "@preact/signals";

import type { SignInMethods } from "../api/answers";
import { ApiError, ask, get, useCsrf, whenSignedOut } from "../api/client";
import { forget, store, stored } from "./kept";
import { go, place } from "./router";

export type Role = "admin" | "annotator" | "viewer";

export interface Session {
  account_sid: string;
  name: string;
  role: Role;
  /** Null: it is no person, but who has an account's token or a key. */
  sign_in: "password" | "provider" | null;
  csrf: string;
  expires_at: string;
  other_accounts: { account_sid: string; name: string }[];
}

/** Undefined: not known yet. Null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
/** Whether a session ended by itself: what one was at is kept. */
export const hasExpired = signal(false);
export const trouble = signal<Error | null>(null);

export const mayAnnotate = computed(() => session.value != null && session.value.role !== "viewer");
export const hasPassword = computed(() => session.value?.sign_in === "password");
export const isAdmin = computed(() => session.value?.role === "admin");

function accept(answer: Session): void {
  useCsrf(answer.csrf);
  session.value = answer;
  hasExpired.value = false;
}

/** Kept beside the cookie, which scripts do not see: who never signed in here need not be asked for. */
const KNOWN = "sidetone.signed-in";
/** Where one was who went to the company's provider: from there everybody comes back to one page. */
const WAY_BACK = "sidetone.way-back";

export async function startSession(): Promise<void> {
  whenSignedOut(() => {
    if (session.value) hasExpired.value = true;
    session.value = null;
  });
  const isBack = place.value.path === "/sign-in" && place.value.query.has("signed-in");
  if (stored(KNOWN) === null && !isBack) {
    session.value = null;
    return;
  }
  try {
    const answer = (await (await ask("/session", { isSignIn: true })).json()) as Session;
    // Another page may be at the provider still, and know where to go on by it.
    if (isBack) {
      go(stored(WAY_BACK) ?? "/", { replace: true });
      forget(WAY_BACK);
    }
    store(KNOWN, "yes");
    accept(answer);
    trouble.value = null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      forget(KNOWN);
      hasExpired.value = true;
      session.value = null;
    }
    else {
      trouble.value = error as Error;
      setTimeout(() => void startSession(), 2000);
    }
  }
}

export async function signIn(user: string, password: string): Promise<void> {
  accept((await (await ask("/session", { method: "POST", json: { user, password }, isSignIn: true })).json()) as Session);
  store(KNOWN, "yes");
}

/** All sessions end, and the answer is another's. */
export async function changePassword(password: string, next: string): Promise<void> {
  accept((await (await ask("/session/password", { method: "POST", json: { password, new_password: next } })).json()) as Session);
}

export const signInMethods = (signal: AbortSignal) => get<SignInMethods>("/session/methods", undefined, signal);

/** Before one leaves for the company's provider. */
export function keepPlace(): void {
  const { pathname, search } = window.location;
  store(WAY_BACK, pathname === "/sign-in" ? "/" : pathname + search);
}

export async function signOut(): Promise<void> {
  await ask("/session", { method: "DELETE" }).catch(() => null);
  forget(KNOWN);
  session.value = null;
  hasExpired.value = false;
}
