// Who is signed in.

import { computed, signal } from "@preact/signals";

import { ApiError, ask, useCsrf, whenSignedOut } from "../api/client";
import { forget, store, stored } from "./kept";

export type Role = "admin" | "annotator" | "viewer";

export interface Session {
  account_sid: string;
  name: string;
  role: Role;
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
/** Accounts and keys have no password. */
export const isPerson = computed(() => session.value != null && !/^(AC|SK)[0-9a-f]{32}$/.test(session.value.name));
export const isAdmin = computed(() => session.value?.role === "admin");

function accept(answer: Session): void {
  useCsrf(answer.csrf);
  session.value = answer;
  hasExpired.value = false;
}

/** Kept beside the cookie, which scripts do not see: who never signed in here need not be asked for. */
const KNOWN = "sidetone.signed-in";

export async function startSession(): Promise<void> {
  whenSignedOut(() => {
    if (session.value) hasExpired.value = true;
    session.value = null;
  });
  if (stored(KNOWN) === null) {
    session.value = null;
    return;
  }
  try {
    accept((await (await ask("/session", { isSignIn: true })).json()) as Session);
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
  accept((await (await ask("/session/password", { method: "POST", json: { password, new_password: next }, isSignIn: true })).json()) as Session);
}

export async function signOut(): Promise<void> {
  await ask("/session", { method: "DELETE" }).catch(() => null);
  forget(KNOWN);
  session.value = null;
  hasExpired.value = false;
}
